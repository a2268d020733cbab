import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { benchAsServed } from './as-served.ts';
import { benchInProcess } from './in-process.ts';
import { benchOverGrpc } from './over-grpc.ts';
import { benchPauses } from './pauses.ts';
import { benchTokens } from './tokens.ts';

/*
 * Prints what a decision and a check cost; with `--write` the README shows it.
 * With `--pauses` prints instead what the work of the hub costs the checks of the same time, with `--tokens` what tokens cost.
 */
const README = new URL('../../README.md', import.meta.url);
const PLACE = /(<!-- bench -->)[\s\S]*(<!-- \/bench -->)/;

const [cpu] = cpus();
const day = new Date().toISOString().slice(0, 10);
const measured = `Measured on ${day}, Node ${process.version}, ${cpus().length} × ${cpu?.model ?? 'unknown processor'}, load generator on the same cores.`;

if (process.argv.includes('--pauses')) process.stdout.write(await reportPauses());
else if (process.argv.includes('--tokens')) process.stdout.write(`${measured}\n\n${await benchTokens()}\n`);
else await reportCosts();

async function reportPauses(): Promise<string> {
  return `${measured}

1,000 checks a second over gRPC, every fourth charged; a pause is how late the edge comes to a timer that is due every 20 ms:

${await benchPauses()}
`;
}

async function reportCosts(): Promise<void> {
  const report = `${measured}

One decision in process, keys drawn by Zipf's law, two limits each:

${benchInProcess()}

${await benchTokens()}

One Check over gRPC, 10,000 keys, 2 connections × 32 streams; CPU of the server's whole process, user and system:

${await benchOverGrpc()}

As served, keys drawn by Zipf's law, 2 connections × 32 streams:

${await benchAsServed()}
`;
  process.stdout.write(report);
  if (process.argv.includes('--write')) await showInReadme(report);
}

async function showInReadme(report: string): Promise<void> {
  const readme = readFileSync(README, 'utf8');
  if (!PLACE.test(readme)) throw new Error('the README has no place for the bench');
  const shown = readme.replace(PLACE, (_, start: string, end: string) => `${start}\n\n${report}\n${end}`);
  const options = await resolveConfig(fileURLToPath(README));
  writeFileSync(README, await format(shown, { ...options, parser: 'markdown' }));
}
