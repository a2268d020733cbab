import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { createWireTransport } from '../../../../../src/edge/gateway/envoy-grpc/wire.ts';
import { ANY_PORT } from '../../../../e2e/grpc-listener.ts';
import { OVERWRITTEN } from '../../../../overwritten-reads.ts';

const PATH = '/test.Echo/Keep';
const MESSAGE = Buffer.from('a message of a check', 'latin1');

test('in tests a server finds overwritten what it kept of a message, without having asked for it', async () => {
  const kept: Uint8Array[] = [];
  const keep = (message: Uint8Array): Uint8Array => {
    kept.push(message);
    return Buffer.from(message);
  };
  const transport = createWireTransport({
    ...ANY_PORT,
    tls: undefined,
    methods: new Map([[PATH, keep]]),
    nowMs: () => performance.now(),
    onBug: (error) => {
      throw error;
    },
    onRefused: () => {},
  });
  const { address } = await transport.start();
  const same = (bytes: Buffer): Buffer => bytes;
  const client = new (makeGenericClientConstructor({}, 'Echo'))(address, credentials.createInsecure());
  const answered = Promise.withResolvers<Buffer | undefined>();
  client.makeUnaryRequest(PATH, same, same, MESSAGE, (error, answer) =>
    error ? answered.reject(error) : answered.resolve(answer),
  );
  expect(await answered.promise).toEqual(MESSAGE);
  expect(kept.map((view) => [...view])).toEqual([[...MESSAGE].fill(OVERWRITTEN)]);
  client.close();
  await transport.stop(500);
});
