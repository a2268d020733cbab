import { Option } from 'commander';
import type { Command } from 'commander';
import { CommandFailed } from './failure.ts';
import { inertLines } from './inert.ts';
import { write, writeJson } from './output.ts';
import { createRun, examples } from './run.ts';
import { repeated } from './values.ts';
import type { CliWorld } from './world.ts';
import { ENTRANCES, FORMATS, RECIPE_NAMES } from './conformance/choices.ts';
import type { Format } from './conformance/choices.ts';
import type { ConformanceFlags } from './conformance/flags.ts';
import type { ConformanceReport } from './conformance/report/report.ts';

/** Exits 1 where something is lost that no exception declares, or where the gateway cannot be judged, in part or at all. */
export function addConformance(root: Command, world: CliWorld): void {
  root
    .command('conformance')
    .description(
      'Try your own gateway: start a Tollgate where it asks and an application where it leads, send the cases of the documented APIs through it, and say what it loses.',
    )
    .requiredOption('--gateway <url>', 'where clients ask: http://127.0.0.1:10000, https://gateway.internal')
    .requiredOption('--listen <address>', 'where the gateway asks Tollgate: host:port or unix:/path')
    .requiredOption('--upstream <address>', 'where the gateway leads requests that pass: host:port')
    .option(
      '--health-path <path>',
      'what the gateway asks the application for by itself, to know that it is well',
    )
    .option('--public <address>', "where the gateway leads requests to Tollgate's own endpoints")
    .addOption(new Option('--entrance <dialect>', 'how the gateway asks').choices(ENTRANCES))
    .addOption(
      new Option(
        '--recipe <gateway>',
        'a recipe of deploy/: its dialect, and what it is known to lose',
      ).choices(RECIPE_NAMES),
    )
    .option('--token-file <file>', 'holds the token that the gateway shows')
    .option('--gateway-http2 <url>', 'where gRPC clients ask, if elsewhere')
    .option('--gateway-ca <file>', 'authorities in PEM that its certificate is judged by')
    .option('--gateway-name <name>', 'the name in its certificate, where --gateway has another or an address')
    .option('--exceptions <file>', 'what may be lost; repeatable', repeated)
    .addOption(new Option('--format <format>', 'form of the report').choices(FORMATS).default('text'))
    .addHelpText(
      'after',
      examples(
        'conformance --gateway http://127.0.0.1:10000 --listen 127.0.0.1:9000 --upstream 127.0.0.1:8082 --public 127.0.0.1:8080 --recipe envoy',
        'conformance --gateway http://10.0.0.5 --listen 10.0.0.9:9001 --upstream 10.0.0.9:8082 --entrance nginx --token-file token',
      ),
    )
    .action((flags: ConformanceFlags, command: Command) => conformance(flags, command, world));
}

async function conformance(flags: ConformanceFlags, command: Command, world: CliWorld): Promise<void> {
  const run = createRun(world, command);
  const { readPlan } = await import('./conformance/flags.ts');
  const { performConformance } = await import('./conformance/perform.ts');
  const plan = await readPlan(flags);
  const report = await performConformance({ world, plan, stop: world.takeSignals(), note: run.note });
  await show(report, run.json ? 'json' : (flags.format ?? 'text'), world);
  const { length } = report.losses;
  const lost = `${length} ${length === 1 ? 'loss' : 'losses'}`;
  if (report.given_up !== undefined) {
    throw new CommandFailed(`the run was given up, with ${lost} so far: ${report.given_up.why}`);
  }
  if (length > 0) throw new CommandFailed(lost);
}

async function show(report: ConformanceReport, format: Format, { stdout }: CliWorld): Promise<void> {
  if (format === 'json') return writeJson(stdout, report);
  const { renderMarkdown, renderText } = await import('./conformance/report/report.ts');
  return write(stdout, inertLines(format === 'markdown' ? renderMarkdown(report) : renderText(report)));
}
