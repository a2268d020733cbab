import { createHash } from 'node:crypto';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { AuthorizationService, OkHttpResponse } from '@envoyproxy/ext-authz-types';
import type { CheckRequest, CheckResponse } from '@envoyproxy/ext-authz-types';
import { createKeys } from './world.ts';

/*
 * What a check costs at the least on this transport: decode, one look-up in a Map, a fixed allow.
 * It counts nothing, refuses nothing and keeps no promise; it is the yardstick, not a peer.
 */
const keys = createKeys();
const count = Number(process.env['BENCH_KEYS'] ?? '1000');
const known = new Map(Array.from({ length: count }, (_, index) => [digest(keys(index)), index] as const));

function digest(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

const OK: CheckResponse = {
  status: { code: 0, message: '' },
  httpResponse: { $case: 'okResponse', value: OkHttpResponse.decode(new Uint8Array()) },
  dynamicMetadata: undefined,
};
const DENIED: CheckResponse = {
  status: { code: 16, message: '' },
  httpResponse: undefined,
  dynamicMetadata: undefined,
};

function answer(request: CheckRequest): CheckResponse {
  const header = request.attributes?.request?.http?.headerMap?.headers.find(
    ({ key }) => key === 'authorization',
  );
  const text = header === undefined ? '' : Buffer.from(header.rawValue).toString('latin1');
  return known.has(digest(text.slice('Bearer '.length))) ? OK : DENIED;
}

const server = new Server();
server.addService(AuthorizationService, {
  check: (call: { request: CheckRequest }, done: (error: null, response: CheckResponse) => void) =>
    done(null, answer(call.request)),
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${JSON.stringify({ address: `127.0.0.1:${port}` })}\n`);
});
