import { APPLICATION_BODY } from '../client/upstream.ts';
import type { Difference } from '../difference.ts';
import type { Trial } from '../trial.ts';
import { ADMIN } from './field.ts';
import type { Field } from './field.ts';
import { ADMIN_SPELLINGS, readObligingly } from './path-spellings.ts';
import { judgePassed, orSilence } from './verdicts.ts';

/** Whether an obliging reader would take the target for the admin's. */
export function leadsToAdmin(target: string): boolean {
  const path = readObligingly(target);
  return path === ADMIN || path.startsWith(`${ADMIN}/`);
}

export const PATHS: readonly Trial<Field>[] = [
  ...ADMIN_SPELLINGS.map((target): Trial<Field> => ({
    title: `a key without the role does not get to the admin path as ${JSON.stringify(target)}`,
    take: (field) => trySpelling(target, field),
  })),
  {
    title: 'a key with the role gets to the admin path by its one spelling',
    async take(field) {
      const target = `${ADMIN}/users`;
      const answer = await field.send({ target, headers: [['Authorization', `Bearer ${field.adminKey}`]] });
      const passed = judgePassed(answer);
      if (passed.length > 0 || field.take()[0]?.target === target) return passed;
      return [{ kind: 'attack', what: 'the application gets another path than the one that was judged' }];
    },
  },
];

async function trySpelling(target: string, field: Field): Promise<readonly Difference[]> {
  const { status, body } = await orSilence(field.send({ target, headers: field.withKey() }));
  const reached = field.take().map((received) => received.target);
  const remembered = reached.length === 0 && body === APPLICATION_BODY;
  if (reached.some(leadsToAdmin) || remembered) return [{ kind: 'let through' }];
  // What does not reach the application is refused, in words of the API or of the gateway.
  const fits = reached.length > 0 ? status === 200 : status >= 400 && status < 500;
  return fits ? [] : [{ kind: 'status', promised: reached.length > 0 ? 200 : 400, status, seen: body }];
}
