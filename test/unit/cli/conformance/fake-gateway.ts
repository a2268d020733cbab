import { createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a gateway of a test does with a request. */
export type Behaviour = (message: IncomingMessage, response: ServerResponse) => void;

export interface FakeGateway {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startFakeGateway(behaviour: Behaviour): Promise<FakeGateway> {
  const server = createServer(behaviour);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Hands everything on to the application and asks nobody. */
export function passOnTo(port: number): Behaviour {
  return (message, response) => {
    const { method, url, headers } = message;
    const onward = httpRequest({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    message.pipe(onward);
  };
}

/** Asks Tollgate by `auth_request`'s dialect, with this token and in these words besides, and tells the client what it said, or hands on what it allows. */
export function askWith(
  port: number,
  token: string,
  more: Readonly<Record<string, string>> = {},
  onward?: Behaviour,
): Behaviour {
  return (message, response) => {
    const headers = {
      ...message.headers,
      'x-gateway-token': token,
      'x-original-method': message.method,
      'x-original-uri': message.url,
      ...more,
    };
    const question = httpRequest({ host: '127.0.0.1', port, path: '/', headers }, (answer) => {
      if (answer.statusCode === 200 && onward !== undefined) {
        answer.resume();
        return onward(message, response);
      }
      response.writeHead(answer.statusCode ?? 500);
      answer.pipe(response);
    });
    question.on('error', () => response.writeHead(503).end());
    question.end();
  };
}
