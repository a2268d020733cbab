import type { SentHeader } from '../client/client.ts';
import type { Trial } from '../trial.ts';
import type { Field } from './field.ts';
import {
  judgeCredentials,
  judgeForgery,
  judgeIdentity,
  judgePassed,
  judgeRefused,
  orSilence,
} from './verdicts.ts';

const OWN_NAMES = [
  ['X-Account-Id', 'x-account-id', 'X-ACCOUNT-ID'],
  ['X-Key-Id', 'x-key-id', 'X-KEY-ID'],
  ['X-Tier', 'x-tier', 'X-TIER'],
] as const;

/** By the names that frameworks take for our own. */
const ALIASES = [
  'X_Account_Id',
  'X.Account.Id',
  'X_Key_Id',
  'X.Key-Id',
  'X_Tier',
  'X!Account!Id',
  'X~Tier',
  'X-Account_Id',
] as const;

const HOP_BY_HOP = [
  'X-Account-Id',
  'X-Key-Id',
  'X-Tier',
  'X-Account-Id, X-Key-Id, X-Tier',
  'close, X-Account-Id',
] as const;

export const IDENTITIES: readonly Trial<Field>[] = [
  ...OWN_NAMES.map((names): Trial<Field> => ({
    title: `an identity forged as ${names[0]}, on one line or several, is replaced by the true one`,
    async take(field) {
      const forged = names.map((header): SentHeader => [header, 'forged']);
      const passed = judgePassed(await field.send({ headers: field.withKey(...forged) }));
      return passed.length > 0 ? passed : judgeIdentity(field.take(), field);
    },
  })),
  ...ALIASES.map((header): Trial<Field> => ({
    title: `an identity forged as ${header} does not get to the application`,
    async take(field) {
      await orSilence(field.send({ headers: field.withKey([header, 'forged']) }));
      return judgeForgery(field.take(), field);
    },
  })),
  ...HOP_BY_HOP.map((named): Trial<Field> => ({
    title: `Connection: ${named} does not take an identity away from a request that passes`,
    async take(field) {
      const answer = await field.send({ headers: field.withKey(['Connection', named]) });
      const received = field.take();
      if (answer.status === 200) return judgeIdentity(received, field);
      return judgeRefused(answer, received, 400);
    },
  })),
  {
    title: 'Connection: Authorization gives the application no credential',
    async take(field) {
      await field.send({ headers: field.withKey(['Connection', 'Authorization']) });
      return judgeCredentials(field.take());
    },
  },
  {
    title: 'Connection: Authorization lets nobody in without a key',
    async take(field) {
      return judgeRefused(
        await field.send({ headers: [['Connection', 'Authorization']] }),
        field.take(),
        401,
      );
    },
  },
];
