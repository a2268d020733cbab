import type { SentHeader } from '../client/client.ts';
import { UPGRADED_BODY, WEBSOCKET_KEY } from '../client/upstream.ts';
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
      const [first] = received;
      const whole = first?.method === 'POST' && first.target === PATH && first.body === BODY;
      const changed: readonly Difference[] = whole
        ? []
        : [
            {
              kind: 'attack',
              what: "a request's method, target or body is changed on its way to the application",
            },
          ];
      const passed = judgePassed(answer);
      return passed.length > 0
        ? passed
        : [...changed, ...judgeIdentity(received, field), ...judgeCredentials(received)];
    },
  },
  {
    title: 'an upgrade to a WebSocket is checked, and passes with a key',
    async take(field) {
      const refused = judgeRefused(await field.send({ headers: WEBSOCKET }), field.take(), 401);
      const passed = judgePassed(await field.send({ headers: field.withKey(...WEBSOCKET) }), 101);
      const [reached] = field.take();
      if (passed.length > 0 || reached?.body === UPGRADED_BODY) return [...refused, ...passed];
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
