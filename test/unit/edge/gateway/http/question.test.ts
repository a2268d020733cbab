import { createServer, IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ASKED_HEADERS, Question } from '../../../../../src/edge/gateway/http/question.ts';
import { openRaw } from './raw.ts';

/** A message that tells which of its headers it was asked for. */
class Watched extends IncomingMessage {
  static readonly asked = new Set<string>();

  static {
    const headers = Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'headers');
    const note = <T>(name: string | symbol, value: T): T => {
      this.asked.add(String(name));
      return value;
    };
    Object.defineProperty(this.prototype, 'headers', {
      get(this: Watched) {
        return new Proxy(headers?.get?.call(this) as object, {
          get: (all, name) => note(name, Reflect.get(all, name)),
          has: (all, name) => note(name, Reflect.has(all, name)),
          ownKeys: (all) => note('all of them', Reflect.ownKeys(all)),
        });
      },
    });
  }
}

describe('a question', () => {
  const stops: (() => void)[] = [];

  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });

  /** Sends each message on a connection of its own; resolves when all are answered. */
  async function send(
    kind: typeof IncomingMessage,
    messages: readonly string[],
    onMessage: (message: IncomingMessage) => void,
  ): Promise<void> {
    const options = { IncomingMessage: kind, optimizeEmptyRequests: true };
    const server = createServer(options, (message, response) => {
      onMessage(message);
      message.resume();
      response.end();
    });
    stops.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    for (const bytes of messages) {
      const raw = openRaw(`127.0.0.1:${port}`);
      raw.socket.end(bytes);
      expect(await raw.end()).toMatch(/^HTTP\/1\.1 \d/);
    }
  }

  test('has all headers that Node asks a message for', async () => {
    const lines = [
      'Host: t',
      'Upgrade: x',
      'Connection: keep-alive, upgrade',
      'Keep-Alive: 1',
      'TE: trailers',
    ];
    const post = ['POST / HTTP/1.1', ...lines, 'Trailer: x-a', 'Transfer-Encoding: chunked'];
    const messages = [
      ['GET / HTTP/1.1', ...lines],
      ['GET / HTTP/1.0', ...lines],
      ['GET / HTTP/1.1', ...lines, 'Expect: 100-continue'],
      ['GET / HTTP/1.1', ...lines, 'Expect: anything else'],
      ['POST / HTTP/1.1', ...lines, 'Content-Length: 0'],
      [...post, '', '3', 'abc', '0', 'x-a: 1'],
    ].map((message) => [...message, '\r\n'].join('\r\n'));
    await send(Watched, messages, () => undefined);
    expect(Watched.asked).toEqual(ASKED_HEADERS);
  });

  test('has no others, and those in whatever case they come', async () => {
    const lines = [
      'hOsT: t',
      'X-Account-Id: a',
      'tE: trailers',
      'cookie: b',
      'EXPECT: 100-continue',
      '__proto__: c',
    ];
    const had: unknown[] = [];
    await send(Question, [['GET / HTTP/1.1', ...lines, '\r\n'].join('\r\n')], ({ headers, rawHeaders }) => {
      had.push({ ...headers }, rawHeaders.length);
    });
    expect(had).toEqual([{ host: 't', te: 'trailers', expect: '100-continue' }, 2 * lines.length]);
  });

  test.each([
    ['no length', 'GET / HTTP/1.1\r\nHost: t\r\n\r\n', true],
    ['a length of nothing', 'GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n', true],
    ['a length', 'GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\na', false],
    ['chunks', 'GET / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', false],
  ])('with %s is at the end of its body when it comes, or not', async (_, bytes, isEnded) => {
    const had: boolean[] = [];
    await send(Question, [bytes], ({ readableEnded }) => had.push(readableEnded));
    expect(had).toEqual([isEnded]);
  });
});
