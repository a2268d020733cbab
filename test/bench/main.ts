import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { benchInProcess } from './in-process.ts';
import { benchOverGrpc } from './over-grpc.ts';

/*
 * Prints what a decision and a check cost; with `--write` the README shows it.
 */
const README = new URL('../../README.md', import.meta.url);
const PLACE = /(<!-- bench -->)[\s\S]*(<!-- \/bench -->)/;

const [cpu] = cpus();
const day = new Date().toISOString().slice(0, 10);
const report = `Measured on ${day}, Node ${process.version}, ${cpus().length} × ${cpu?.model ?? 'unknown processor'}, load generator on the same cores.

One decision in process, keys drawn by Zipf's law, two limits each:

${benchInProcess()}

One Check over gRPC, 10,000 keys, 2 connections × 32 streams; CPU of the server's whole process, user and system:

${await benchOverGrpc()}
`;

process.stdout.write(report);
if (process.argv.includes('--write')) {
  const readme = readFileSync(README, 'utf8');
  if (!PLACE.test(readme)) throw new Error('the README has no place for the bench');
  writeFileSync(
    README,
    readme.replace(PLACE, (_, start: string, end: string) => `${start}\n\n${report}\n${end}`),
  );
}
