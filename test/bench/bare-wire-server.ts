import { createHash } from 'node:crypto';
import type { Reply } from '../../src/domain/reply.ts';
import { createEnvoyGrpcServer } from '../../src/edge/gateway/envoy-grpc/server.ts';
import { ANY_PORT } from '../e2e/grpc-listener.ts';
import { allowReply, denyReply } from '../e2e/replies.ts';
import { createKeys } from './world.ts';

/*
 * What a check costs at the least on our own transport and with our own codec: read, one look-up in a Map, a fixed allow.
 */
const keys = createKeys();
const count = Number(process.env['BENCH_KEYS'] ?? '1000');
const known = new Map(Array.from({ length: count }, (_, index) => [digest(keys(index)), index] as const));

function digest(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

const OK: Reply = { ...allowReply(), api: '', keyId: '', account: '', tier: '' };
const DENIED = denyReply({ code: 'credential_invalid', status: 401 });

const server = createEnvoyGrpcServer({
  ...ANY_PORT,
  transport: 'wire',
  answer({ headers }) {
    const [text = ''] = headers.all('authorization');
    return known.has(digest(text.slice('Bearer '.length))) ? OK : DENIED;
  },
  refuse: () => DENIED,
  onBug: (error) => {
    throw error;
  },
  onRefused: () => {},
});
process.stdout.write(`${JSON.stringify(await server.start())}\n`);
