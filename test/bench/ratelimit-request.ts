import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** Where envoyproxy/ratelimit is asked. */
export const RATE_LIMIT_PATH = '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit';

/** As the service's own configuration names them. */
const DOMAIN = 'bench';
const LIMITS = ['minute', 'day'];
const PREFIX_BYTES = 5;

/** A RateLimitRequest of envoy/service/ratelimit/v3/rls.proto, framed for gRPC: the key is a descriptor of each limit. */
export function framedRateLimitOf(key: string): Uint8Array {
  const message = new BinaryWriter();
  message.uint32((1 << 3) | 2).string(DOMAIN);
  for (const limit of LIMITS) {
    message.uint32((2 << 3) | 2).fork();
    message.uint32((1 << 3) | 2).fork();
    message.uint32((1 << 3) | 2).string(limit);
    message.uint32((2 << 3) | 2).string(key);
    message.join().join();
  }
  const bytes = message.finish();
  const framed = Buffer.alloc(PREFIX_BYTES + bytes.length);
  framed.writeUInt32BE(bytes.length, 1);
  framed.set(bytes, PREFIX_BYTES);
  return framed;
}
