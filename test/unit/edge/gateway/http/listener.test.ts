import { onTestFinished, test, expect } from 'vitest';
import { IDLE_MS } from '../../../../../src/edge/gateway/http/limits.ts';
import { createGatewayListener } from '../../../../../src/edge/gateway/http/listener.ts';
import { openRaw } from './raw.ts';

test('a connection rests behind an answer as long as before the first question: its gateway is who closes it', async () => {
  const rests: (number | undefined)[] = [];
  const listener = createGatewayListener({
    listen: '127.0.0.1:0',
    socketMode: 0o660,
    onRequest({ socket }, response) {
      rests.push(socket.timeout);
      response.once('finish', () => rests.push(socket.timeout));
      response.end();
    },
    onRefused: () => undefined,
    onMisread: () => undefined,
  });
  const raw = openRaw(await listener.start());
  onTestFinished(async () => {
    raw.socket.destroy();
    await listener.stop(0);
  });
  raw.socket.write('GET / HTTP/1.1\r\nHost: t\r\n\r\n');
  await raw.until((received) => received.includes('\r\n\r\n'));
  await expect.poll(() => rests).toEqual([IDLE_MS, IDLE_MS]);
});
