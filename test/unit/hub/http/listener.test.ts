import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createHttpListener } from '../../../../src/hub/http/listener.ts';

interface Begun {
  readonly path: string | undefined;
  readonly response: ServerResponse;
}

async function open(): Promise<{ readonly begun: Begun[]; readonly socket: Socket }> {
  const begun: Begun[] = [];
  const listener = createHttpListener({
    name: 'test.listen',
    listen: '127.0.0.1:0',
    answer: ({ url: path }, response) => void begun.push({ path, response }),
    connectionsMax: 4,
    headerBytesMax: 1_024,
    idleMs: 5_000,
    onBug: (error) => expect.fail(String(error)),
  });
  const address = await listener.start();
  onTestFinished(() => listener.stop());
  const socket = connect(Number(address.split(':').at(-1)), '127.0.0.1').on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return { begun, socket };
}

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

describe('requests that come in one packet', () => {
  test('are begun one after the other, and answered in their order', async () => {
    const { begun, socket } = await open();
    let answers = '';
    socket.on('data', (chunk) => (answers += String(chunk)));
    socket.write(['/0', '/1', '/2'].map(request).join(''));
    for (const count of [1, 2, 3]) {
      await vi.waitFor(() => expect(begun).toHaveLength(count));
      begun[count - 1]?.response.end(`answer ${count}`);
    }
    await vi.waitFor(() => expect(answers).toMatch(/answer 1[^]*answer 2[^]*answer 3/));
    expect(begun.map(({ path }) => path)).toEqual(['/0', '/1', '/2']);
    socket.write(request('/later'));
    await vi.waitFor(() => expect(begun).toHaveLength(4));
  });

  test('are not begun for whoever has gone', async () => {
    const { begun, socket } = await open();
    socket.write(['/0', '/1', '/2'].map(request).join(''));
    await vi.waitFor(() => expect(begun).toHaveLength(1));
    socket.destroy();
    const [first] = begun;
    if (first !== undefined) await once(first.response, 'close');
    first?.response.end();
    expect(begun).toHaveLength(1);
  });
});
