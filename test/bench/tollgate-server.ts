import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../src/app.ts';
import { IMPORT_BATCH_MAX } from '../../src/domain/operations.ts';
import { createClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { exchangeKeys } from './session-world.ts';
import { BENCH_CONFIG, createKeys } from './world.ts';

/*
 * Tollgate as it is served, on its three threads and an embedded store, with as many keys as asked; on the bench's own configuration,
 * or on the one that BENCH_CONFIG_FILE names, with BENCH_API in it and what its gateway shows as GATEWAY_TOKEN. Its address is that of
 * its entrance over HTTP where it has one, else of the one over gRPC. With BENCH_TOKENS_FILE as many keys as BENCH_SESSIONS are
 * exchanged for sessions, whose access tokens it writes there, a line each, before it says its address.
 */
const api = process.env['BENCH_API'] ?? 'bench';
const tokensFile = process.env['BENCH_TOKENS_FILE'];
const folder = mkdtempSync(join(tmpdir(), 'tollgate-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true }));

const app = await startApp({
  config: process.env['BENCH_CONFIG_FILE'] ?? BENCH_CONFIG,
  sets: [
    `store.url=sqlite:${folder}/tollgate.db`,
    'check.grpc.listen=127.0.0.1:0',
    `check.grpc.transport=${process.env['BENCH_TRANSPORT'] ?? 'wire'}`,
    'telemetry.listen=127.0.0.1:0',
    `public.listen=${tokensFile === undefined ? 'off' : '127.0.0.1:0'}`,
    'admin.listen=off',
  ],
  carrier: 'thread',
  world: {
    clock: createClock(),
    randomBytes,
    newRequestId: () => randomUUID(),
    env: { GATEWAY_TOKEN: process.env['GATEWAY_TOKEN'] },
    log: createLog({ level: 'warn', write: (line) => process.stderr.write(line) }),
  },
});

const keys = createKeys();
const count = Number(process.env['BENCH_KEYS'] ?? '1000');
await app.operations.createAccount({ api, id: 'bench' });
for (let first = 0; first < count; first += IMPORT_BATCH_MAX) {
  const size = Math.min(IMPORT_BATCH_MAX, count - first);
  const batch = Array.from({ length: size }, (_, index) => keys(first + index));
  await app.operations.importKeys(batch.map((key) => ({ api, account: 'bench', name: 'bench', key })));
}
if (tokensFile !== undefined) {
  const exchanged = Array.from({ length: Number(process.env['BENCH_SESSIONS'] ?? '1') }, (_, index) =>
    keys(index),
  );
  writeFileSync(tokensFile, (await exchangeKeys(app.addresses.public ?? '', exchanged)).join('\n'));
}
const { checkGrpc, checkHttp } = app.addresses;
const address = checkHttp[0]?.address ?? checkGrpc;
process.stdout.write(`${JSON.stringify({ address })}\n`);

process.once('SIGTERM', () => void app.stop().then(() => process.exit(0)));
