import { connect } from 'node:http2';
import { AttributeContext_HttpRequest, CheckRequest, CheckResponse } from '@envoyproxy/ext-authz-types';
import type { Ask, DemoAnswer } from './ask.ts';
import type { ClientRequest } from './requests.ts';

const CHECK = '/envoy.service.auth.v3.Authorization/Check';
const ASK_MS = 10_000;
const ANSWER_BYTES_MAX = 1024 * 1024;
/** Of every gRPC message: one byte that says it is not compressed, four of length. */
const PREFIX_BYTES = 5;

/** Asks the question that Envoy would ask, where there is no Envoy. `address` is `host:port`. */
export function createGrpcAsk(address: string): Ask {
  return async (request) => toAnswer(await exchange(address, toFrame(toCheck(request))), request);
}

function toCheck({ api, host, method, path, headers }: ClientRequest): CheckRequest {
  const http = {
    ...AttributeContext_HttpRequest.decode(new Uint8Array()),
    method,
    host,
    path,
    headers: new Map(Object.entries(headers)),
  };
  const peer = {
    $case: 'socketAddress',
    value: { protocol: 0, address: '127.0.0.1', portSpecifier: { $case: 'portValue', value: 40_000 } },
  } as const;
  return {
    attributes: {
      source: { address: { address: peer }, service: '', labels: new Map(), principal: '' },
      destination: undefined,
      request: { time: undefined, http },
      contextExtensions: new Map([['api', api]]),
    },
  };
}

function toFrame(check: CheckRequest): Buffer {
  const message = CheckRequest.encode(check).finish();
  const frame = Buffer.alloc(PREFIX_BYTES + message.byteLength);
  frame.writeUInt32BE(message.byteLength, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** One unary call over a connection of its own. */
async function exchange(address: string, frame: Buffer): Promise<Buffer> {
  const session = connect(`http://${address}`);
  const { promise: broken, reject } = Promise.withResolvers<never>();
  session.once('error', reject);
  try {
    const headers = { ':method': 'POST', ':path': CHECK, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request(headers, { signal: AbortSignal.timeout(ASK_MS) });
    stream.end(frame);
    return await Promise.race([readAll(stream), broken]);
  } finally {
    session.destroy();
  }
}

async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += (chunk as Buffer).byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new RangeError('the answer is too long');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function toAnswer(frame: Buffer, { path }: ClientRequest): DemoAnswer {
  // An answer without a message is a gRPC error: the gateway would refuse.
  if (frame.byteLength < PREFIX_BYTES) return { status: 503, body: '' };
  const { status, httpResponse } = CheckResponse.decode(frame.subarray(PREFIX_BYTES));
  if (httpResponse?.$case === 'deniedResponse') {
    return { status: httpResponse.value.status?.code ?? 403, body: httpResponse.value.body };
  }
  if (httpResponse?.$case !== 'okResponse' || status?.code !== 0) return { status: 403, body: '' };
  const headers = httpResponse.value.headers.map(({ header }) => [header?.key ?? '', [header?.value ?? '']]);
  return { status: 200, body: JSON.stringify({ target: path, headers: Object.fromEntries(headers) }) };
}
