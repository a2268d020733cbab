import { readFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';
import { parse } from 'yaml';

interface AllowedSkip {
  readonly test: string;
  readonly reason: string;
}

/** Names every skipped test; where CI is set, one that `allowed-skips.yaml` does not list fails the run. */
export class SkipsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const allowed = readAllowed();
    const skipped = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map((test) => `${module.relativeModuleId} > ${test.fullName}`),
    );
    const forbidden = skipped.filter((name) => !allowed.some(({ test }) => test === name));
    for (const name of skipped) process.stdout.write(`skipped: ${name}\n`);
    if (process.env['CI'] === 'true' && forbidden.length > 0) {
      process.stdout.write(`${forbidden.length} skipped without leave of test/allowed-skips.yaml\n`);
      process.exitCode = 1;
    }
  }
}

function readAllowed(): readonly AllowedSkip[] {
  const listed = parse(readFileSync(new URL('allowed-skips.yaml', import.meta.url), 'utf8')) as
    AllowedSkip[] | null;
  return listed ?? [];
}
