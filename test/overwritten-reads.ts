import { vi } from 'vitest';
import type * as Wire from '../src/edge/gateway/envoy-grpc/wire/server.ts';

/*
 * Runs before every test file: whatever serves gRPC in its process overwrites each message as soon as its method has returned, as the next
 * read may. Code that kept a view of one then fails loudly, and not once in a thousand under load.
 */
export const OVERWRITTEN = 0xa5;

vi.mock('../src/edge/gateway/envoy-grpc/wire/server.ts', async (importOriginal) => {
  const original = await importOriginal<typeof Wire>();
  const createWireServer: typeof original.createWireServer = (options) =>
    original.createWireServer({
      ...options,
      onRead: options.onRead ?? ((message) => void message.fill(OVERWRITTEN)),
    });
  return { ...original, createWireServer };
});
