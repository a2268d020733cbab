import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { renderMetricsTable } from '../../src/telemetry/metrics-page.ts';

export const README = fileURLToPath(new URL('../../README.md', import.meta.url));

const [BEGIN, END] = ['<!-- metrics -->', '<!-- /metrics -->'];

/** The README with the table of metrics as the code has it, formatted as the repository is. Throws where its place is missing. */
export async function renderReadme(): Promise<string> {
  const text = readFileSync(README, 'utf8');
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before === -1 || after < before) throw new Error(`README.md has no ${BEGIN} … ${END}`);
  const filled = `${text.slice(0, before)}${BEGIN}\n\n${renderMetricsTable()}\n\n${text.slice(after)}`;
  return format(filled, { ...(await resolveConfig(README)), filepath: README });
}
