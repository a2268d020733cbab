import type { Command } from 'commander';
import { readFile, stat } from 'node:fs/promises';
import { OperationRefused } from '../../domain/operations.ts';
import { CommandFailed } from '../failure.ts';
import { createRun, examples } from '../run.ts';
import { repeated } from '../values.ts';
import type { CliWorld } from '../world.ts';
import { GATEWAY_FILE_CHARS_MAX } from './documents.ts';
import { LINT_RULES, findFindings } from './findings.ts';
import type { Finding, GatewayFile, LintReport } from './findings.ts';

interface LintFlags {
  readonly ignore?: readonly string[];
}

const FILES_MAX = 1_000;

/** Exits 1 where a rule is broken that is not ignored, or where nothing asks Tollgate at all. */
export function addLint(root: Command, world: CliWorld): void {
  root
    .command('lint')
    .description("Say what makes a gateway's configuration unsafe, mute or fragile in front of Tollgate.")
    .argument('<file...>', 'envoy.yaml, kong.yml, or manifests of Istio and Envoy Gateway')
    .option('--ignore <rule>', 'accept what breaks this rule; repeatable', repeated)
    .addHelpText('after', examples('lint envoy.yaml', 'lint kong.yml --ignore kong-other-credentials'))
    .action(async (names: readonly string[], { ignore = [] }: LintFlags, command: Command) => {
      const run = createRun(world, command);
      checkRuleNames(ignore);
      const facts = await world.program.gatewayFacts(run.place);
      const { checks, findings } = findFindings(await readGatewayFiles(names), facts);
      const report = { checks, findings: findings.filter(({ rule }) => !ignore.includes(rule)) };
      await run.show({ value: report, text: toText(report) });
      if (checks === 0) throw new CommandFailed('nothing in these files asks Tollgate');
      const { length: count } = report.findings;
      if (count > 0) throw new CommandFailed(`${count} finding${count === 1 ? '' : 's'}`);
    });
}

function checkRuleNames(names: readonly string[]): void {
  const unknown = names.find((name) => !LINT_RULES.some(({ id }) => id === name));
  if (unknown === undefined) return;
  const known = LINT_RULES.map(({ id }) => id).join(', ');
  throw new OperationRefused('invalid', `--ignore names no rule; the rules are ${known}`);
}

async function readGatewayFiles(names: readonly string[]): Promise<readonly GatewayFile[]> {
  if (names.length > FILES_MAX) throw new OperationRefused('invalid', `more than ${FILES_MAX} files`);
  const files: GatewayFile[] = [];
  for (const name of names) files.push({ name, text: await readGatewayFile(name) });
  return files;
}

/** Looks before it reads: a device has no end. */
async function readGatewayFile(name: string): Promise<string> {
  try {
    const { size } = await stat(name).then(asFile);
    if (size > GATEWAY_FILE_CHARS_MAX) throw new Error('too large for a gateway configuration');
    return await readFile(name, 'utf8');
  } catch (error) {
    throw new OperationRefused(
      'invalid',
      `${name}: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
}

function asFile<Stats extends { isFile(): boolean }>(stats: Stats): Stats {
  if (!stats.isFile()) throw new Error('not a file');
  return stats;
}

function toText({ checks, findings }: LintReport): string {
  if (findings.length > 0) return `${findings.map(toParagraph).join('\n\n')}\n`;
  return checks === 0 ? '' : 'Nothing unsafe, mute or fragile found.\n';
}

function toParagraph({ file, line, column, key, rule, severity, why, change }: Finding): string {
  return `${file}:${line}:${column}: ${severity} (${rule}): ${key}\n  ${why}\n  Change: ${change}`;
}
