import { benchAsServed } from './as-served.ts';
import { benchEntrances } from './entrances.ts';
import { benchInProcess } from './in-process.ts';
import { benchOverGrpc } from './over-grpc.ts';
import { benchPauses } from './pauses.ts';
import { describeMachine, showInReadme } from './report.ts';
import { benchTokens } from './tokens.ts';

/*
 * Prints what a decision and a check cost; with `--write` the README shows it.
 * With `--pauses` prints instead what the work of the hub costs the checks of the same time, with `--tokens` what tokens cost,
 * with `--entrances` what each gateway and each entrance costs; the README shows that, too.
 */
const measured = describeMachine();

if (process.argv.includes('--pauses')) process.stdout.write(await reportPauses());
else if (process.argv.includes('--tokens')) process.stdout.write(`${measured}\n\n${await benchTokens()}\n`);
else if (process.argv.includes('--entrances')) await reportEntrances();
else {
  await reportCosts();
  await reportEntrances();
}

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
  if (process.argv.includes('--write')) await showInReadme('bench', report);
}

async function reportEntrances(): Promise<void> {
  const report = `${measured}

One request through each gateway with its recipe, without the check and with it (10,000 keys, two limits). CPU of all processes of the gateway and of Tollgate, user and system: the least of the runs (the median). The last three columns: without the check → with it.

${await benchEntrances()}
`;
  process.stdout.write(report);
  if (process.argv.includes('--write')) await showInReadme('entrances', report);
}
