import type { SentHeader } from '../client/client.ts';
import type { RawAnswer } from '../client/raw-http.ts';
import { APPLICATION_BODY, UPGRADED_BODY, WEBSOCKET_KEY } from '../client/upstream.ts';
import type { Received } from '../client/upstream.ts';
import type { Difference } from '../difference.ts';
import type { Trial } from '../trial.ts';
import { PATH } from './field.ts';
import type { Field } from './field.ts';
import { judgeCredentials, judgeIdentity, judgePassed, judgeRefused, orSilence } from './verdicts.ts';

const BODY = 'a body of 16 b..';
const WEBSOCKET: readonly SentHeader[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', WEBSOCKET_KEY],
];
const H2C: readonly SentHeader[] = [
  ['Connection', 'Upgrade, HTTP2-Settings'],
  ['Upgrade', 'h2c'],
  ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
];

/** What an honest client may do, and an upgrade that is none of its business. */
export const PASSING: readonly Trial<Field>[] = [
  {
    title: 'a request with a key and a body passes whole, with its identity and without its credential',
    async take(field) {
      const answer = await field.send({ method: 'POST', headers: field.withKey(), body: BODY });
      const received = field.take();
      const passed = judgePassed(answer);
      if (passed.length > 0) return passed;
      return [
        ...judgeWhole(answer, received),
        ...judgeIdentity(received, field),
        ...judgeCredentials(received),
      ];
    },
  },
  {
    title: 'an upgrade to a WebSocket is checked, and passes with a key',
    async take(field) {
      const refused = judgeRefused(await field.send({ headers: WEBSOCKET }), field.take(), 401);
      const passed = judgePassed(await field.send({ headers: field.withKey(...WEBSOCKET) }), 101);
      const reached = field.take();
      const whole = reached.length === 1 && reached[0]?.body === UPGRADED_BODY;
      if (passed.length > 0 || whole) return [...refused, ...passed];
      return [...refused, { kind: 'attack', what: 'a WebSocket is opened that is not the application’s' }];
    },
  },
  {
    title: 'an upgrade to anything else opens no tunnel to the application',
    async take(field) {
      const { headers } = await orSilence(field.send({ headers: field.withKey(...H2C) }));
      const opened = headers.some(([name, value]) => name === 'upgrade' && value === 'websocket');
      const tunnel = field.take().some(({ body }) => body === UPGRADED_BODY);
      return opened || tunnel
        ? [{ kind: 'attack', what: 'an upgrade to h2c opens a tunnel past the check' }]
        : [];
    },
  },
];

/** One request as it was sent, and the application's answer to it. */
function judgeWhole({ body: answered }: RawAnswer, received: readonly Received[]): readonly Difference[] {
  const faults = [
    received.length > 1 && 'one request gets to the application more than once',
    !received.every(isAsSent) &&
      "a request's method, target or body is changed on its way to the application",
    answered !== APPLICATION_BODY && "the application's answer is changed on its way to the client",
  ];
  return faults.filter((what) => what !== false).map((what) => ({ kind: 'attack', what }));
}

function isAsSent({ method, target, body }: Received): boolean {
  return method === 'POST' && target === PATH && body === BODY;
}
