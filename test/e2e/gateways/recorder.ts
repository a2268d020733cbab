import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { SentHeader } from '../../cases/client.ts';

export interface Received {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly SentHeader[];
  readonly body: string;
}

/** An application that remembers every request it got. */
export interface Recorder {
  readonly port: number;
  /** All since the last call. */
  take(): readonly Received[];
  stop(): Promise<void>;
}

/** The key of RFC 6455 §1.3, and what a server makes of it. */
export const WEBSOCKET_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const UPGRADED = [
  'HTTP/1.1 101 Switching Protocols',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  '\r\n',
].join('\r\n');

/** More than any test sends. */
const KEPT_MAX = 1_000;

export async function startRecorder(): Promise<Recorder> {
  let kept: Received[] = [];
  const server = createServer((message, response) => {
    void text(message).then((body) => {
      const { method = '', url: target = '', rawHeaders } = message;
      const headers = rawHeaders.flatMap((name, at): SentHeader[] =>
        at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1] ?? '']] : [],
      );
      if (kept.length < KEPT_MAX) kept.push({ method, target, headers, body });
      response.writeHead(200, { 'content-type': 'text/plain' }).end('upstream');
    });
  });
  server.on('upgrade', (message, socket) => {
    kept.push({ method: message.method ?? '', target: message.url ?? '', headers: [], body: 'upgraded' });
    socket.end(UPGRADED);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = kept;
      kept = [];
      return taken;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
