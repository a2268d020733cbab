import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { ClientRequest } from './requests.ts';

export interface DemoAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends one request and resolves with its answer; rejects where none comes. */
export type Ask = (request: ClientRequest) => Promise<DemoAnswer>;

const ASK_MS = 10_000;
const BODY_CHARACTERS_MAX = 64 * 1024;

/** Asks as a client of the API would, through the gateway at `baseUrl`. */
export function createHttpAsk(baseUrl: string): Ask {
  return async ({ host, method, path, headers }) => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options = {
      method,
      headers: { ...headers, host },
      agent: false,
      signal: AbortSignal.timeout(ASK_MS),
    } as const;
    request(new URL(path, baseUrl), options, resolve).once('error', reject).end();
    const response = await promise;
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) {
      if (body.length < BODY_CHARACTERS_MAX) body += chunk as string;
    }
    return { status: response.statusCode ?? 0, body };
  };
}
