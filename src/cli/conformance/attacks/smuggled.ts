import type { SentHeader } from '../client/client.ts';
import type { Difference } from '../difference.ts';
import type { Trial } from '../trial.ts';
import { ADMIN, HOST, PATH, readCredits } from './field.ts';
import type { Field } from './field.ts';
import { judgeMisleading, judgePassed, judgeRefused } from './verdicts.ts';

/** By these some server takes a request for another one, or a client for a gateway. The token's own value is known when it is sent. */
const SMUGGLED: readonly (readonly [name: string, value: string | undefined])[] = [
  ['X-Original-Method', 'GET'],
  ['X-Original-URI', PATH],
  ['X-Original-URL', PATH],
  ['X-Original-Host', HOST],
  ['X-Forwarded-Method', 'GET'],
  ['X-Forwarded-Uri', PATH],
  ['X-Forwarded-Host', HOST],
  ['X-Forwarded-Proto', 'https'],
  ['X-Rewrite-URL', PATH],
  ['X-HTTP-Method-Override', 'GET'],
  ['X-Envoy-Original-Path', PATH],
  ['X-Envoy-Auth-Headers-To-Remove', 'x-account-id'],
  ['X-Gateway-Token', undefined],
  ['X-Tollgate-Status', '200'],
  ['X-Tollgate-Set', 'x-account-id'],
];

const GUESS = 'a-gateway-token-that-nobody-has-0123456789';
const ELSEWHERE = '203.0.113.7';
const ADDRESSES: readonly SentHeader[] = [
  ...['X-Forwarded-For', 'X-Real-IP', 'X-Client-IP', 'X-Gateway-Peer'].map((header): SentHeader => [
    header,
    ELSEWHERE,
  ]),
  ['Forwarded', `for=${ELSEWHERE}`],
];

const REQUEST_ID = '3f2b8c1e-5a4d-4e6f-9b7a-0c1d2e3f4a5b';
const REPEATS = 3;

export const SMUGGLING: readonly Trial<Field>[] = [
  ...SMUGGLED.map(([header, value]): Trial<Field> => ({
    title: `a smuggled ${header} opens no admin path and lets nobody in`,
    take: (field) => trySmuggled([header, value ?? field.gatewayToken ?? GUESS], field),
  })),
  {
    title: 'a smuggled address does not open a key that is bound to another one',
    async take(field) {
      const differences: Difference[] = [];
      for (const headers of [...ADDRESSES.map((one) => [one]), ADDRESSES]) {
        const answer = await field.send({
          headers: [['Authorization', `Bearer ${field.boundKey}`], ...headers],
        });
        differences.push(...judgeRefused(answer, field.take(), 403));
      }
      return differences;
    },
  },
  {
    title: 'a smuggled request id does not make a charged request free',
    async take(field) {
      const before = await readCredits(field);
      const ids = ['X-Request-Id', 'X-Gateway-Request-Id'].map((header): SentHeader => [header, REQUEST_ID]);
      for (let sent = 0; sent < REPEATS; sent += 1) {
        const passed = judgePassed(await field.send({ headers: field.withKey(...ids) }));
        if (passed.length > 0) return passed;
      }
      const paid = before - (await readCredits(field));
      if (paid === REPEATS) return [];
      return [{ kind: 'balance', promised: `${REPEATS} credits less`, seen: `${paid} less` }];
    },
  },
];

async function trySmuggled(header: SentHeader, field: Field): Promise<readonly Difference[]> {
  const target = `${ADMIN}/users`;
  const withoutRole = judgeRefused(
    await field.send({ target, headers: field.withKey(header) }),
    field.take(),
  );
  const withoutKey = judgeRefused(await field.send({ headers: [header] }), field.take());
  await field.send({ headers: field.withKey(header) });
  return [...withoutRole, ...withoutKey, ...judgeMisleading(field.take(), field)];
}
