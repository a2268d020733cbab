import type { RawAnswer } from '../client/raw-http.ts';
import type { Difference } from '../difference.ts';
import type { Trial } from '../trial.ts';
import type { Field, Sent } from './field.ts';
import { judgeRefused } from './verdicts.ts';

const KEYS = '/.well-known/jwks.json';
/** Truedy's own word for it. */
const NOT_FOUND = '"code":"not_found"';
const FREDDY = 'api.freddy.aitronos.com';

/** What Tollgate answers itself, through the gateway's routes to its public listener. */
export const ENDPOINTS: readonly Trial<Field>[] = [
  {
    title: 'the keys that sign sessions are there for everybody, on their own host',
    async take(field) {
      const { status, body } = await field.send({ host: FREDDY, target: KEYS });
      const differences: Difference[] = status === 200 ? [] : [{ kind: 'stopped', status, seen: body }];
      if (status === 200 && !body.includes('"keys"')) {
        differences.push({ kind: 'body', status, promised: '{"keys":[…]}', seen: body });
      }
      return [...differences, ...judgeUnreached(field)];
    },
  },
  {
    title: 'the keys that sign sessions are not found on another host',
    async take(field) {
      const answer = await field.send({ host: 'api.truedy.ai', target: KEYS });
      const differences = judgeRefused(answer, field.take(), 404);
      const { status, body } = answer;
      if (differences.length > 0 || body.includes(NOT_FOUND)) return differences;
      return [{ kind: 'body', status, promised: `{"error":{${NOT_FOUND},…}}`, seen: body }];
    },
  },
  refused('a session is not granted without a key', 401, {
    host: FREDDY,
    method: 'POST',
    target: '/v1/auth/token',
    headers: [['Content-Type', 'application/json']],
    body: '{}',
  }),
  refused('another method on the endpoint about oneself is checked like any request', 401, {
    method: 'DELETE',
    target: '/api/external/v1/me',
  }),
];

function refused(title: string, promised: number, sent: Sent): Trial<Field> {
  return {
    title,
    async take(field) {
      const answer: RawAnswer = await field.send(sent);
      return judgeRefused(answer, field.take(), promised);
    },
  };
}

function judgeUnreached(field: Field): readonly Difference[] {
  if (field.take().length === 0) return [];
  return [{ kind: 'attack', what: 'a request to an endpoint of Tollgate’s own reaches the application' }];
}
