import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';

const CALL_MS = 5_000;

/** A unary call by a real gRPC client of an API behind a gateway; only its refusal is of interest. */
export async function callGrpc(baseUrl: string): Promise<ServiceError> {
  const client = new Client(new URL(baseUrl).host, credentials.createInsecure(), {
    'grpc.default_authority': 'api.truedy.ai',
  });
  const { promise, resolve, reject } = Promise.withResolvers<ServiceError>();
  const options = { deadline: Date.now() + CALL_MS };
  const path = '/truedy.v1.Videos/Get';
  client.makeUnaryRequest(path, same, same, Buffer.alloc(0), new Metadata(), options, (error) => {
    if (error === null) reject(new Error('the call was allowed'));
    else resolve(error);
  });
  return promise.finally(() => client.close());
}

function same(bytes: Buffer): Buffer {
  return bytes;
}
