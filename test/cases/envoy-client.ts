import { createServer } from 'node:http';
import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { toSortedLines } from './client.ts';
import type { Client, SeenAnswer, SentHeader, SentRequest } from './client.ts';
import { askRaw } from './raw-http.ts';

const ANSWER_MS_MAX = 5_000;
const HEADER_BYTES_MAX = 64 * 1_024;

/** What Envoy and HTTP itself put on every answer. */
const NOT_OURS = new Set([
  'connection',
  'content-length',
  'date',
  'server',
  'transfer-encoding',
  'x-envoy-upstream-service-time',
  'x-request-id',
]);

/** An application that remembers what it received under the number that the request carries. */
export interface Upstream {
  readonly port: number;
  /** Header lines of the last request, and forgets them. */
  take(): readonly SentHeader[] | undefined;
  stop(): Promise<void>;
}

export async function startUpstream(): Promise<Upstream> {
  let last: readonly SentHeader[] | undefined;
  // Some gateways send the path a second time, as a header.
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, (request, response) => {
    const { rawHeaders } = request;
    last = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? '']] : []));
    response.writeHead(200).end('upstream');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    take() {
      const taken = last;
      last = undefined;
      return taken;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sends through a gateway, byte for byte, one request after another. */
export function createEnvoyClient(envoyPort: number, upstream: Upstream): Client {
  return {
    async ask(sent) {
      upstream.take();
      const { status, headers, body } =
        sent.protocol === 'grpc'
          ? await askGrpc(envoyPort, sent)
          : await askRaw({
              port: envoyPort,
              method: sent.method,
              target: sent.path,
              headers: [['Host', sent.host], ...sent.headers],
              localAddress: sent.peer,
            });
      const ours = headers.filter(([name]) => !NOT_OURS.has(name));
      return {
        status,
        headers: toSortedLines(ours),
        body,
        requestId: headers.find(([name]) => name === 'x-request-id')?.[1] ?? readRequestId(body),
        upstream: fromUpstream(upstream),
      };
    },
  };
}

/** Not every gateway gives a request an id: then Tollgate does, and tells it where the API has a place for it. */
function readRequestId(body: string): string {
  return /"request_id":"(?<id>[0-9a-f-]{36})"/.exec(body)?.groups?.['id'] ?? 'none on the answer';
}

function fromUpstream(upstream: Upstream): SeenAnswer['upstream'] {
  const received = upstream.take();
  return received && toSortedLines(received);
}

/** A unary call as a gRPC client makes it, without a message: what is judged is the refusal's form. */
async function askGrpc(port: number, sent: SentRequest) {
  const session = connect(`http://127.0.0.1:${port}`);
  session.setTimeout(ANSWER_MS_MAX, () => session.destroy(new Error('no answer in time')));
  try {
    return await callOnce(session, sent);
  } finally {
    session.destroy();
  }
}

async function callOnce(session: ClientHttp2Session, sent: SentRequest) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingHttpHeaders>();
  session.on('error', reject);
  const stream = session.request({
    ':method': sent.method,
    ':path': sent.path,
    ':authority': sent.host,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...Object.fromEntries(sent.headers.map(([name, value]) => [name.toLowerCase(), value])),
  });
  stream.on('response', resolve);
  stream.on('error', reject);
  stream.resume();
  stream.end();
  const { ':status': status, ...headers } = await promise;
  const pairs = Object.entries(headers).map(([name, value]): SentHeader => [name, String(value)]);
  return { status: Number(status), headers: pairs, body: '' };
}
