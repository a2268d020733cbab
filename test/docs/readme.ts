import { fileURLToPath } from 'node:url';
import { renderMetricsTable } from '../../src/telemetry/metrics-page.ts';
import { renderBlock } from './block.ts';

export const README = fileURLToPath(new URL('../../README.md', import.meta.url));

/** The README with the table of metrics as the code has it. */
export async function renderReadme(): Promise<string> {
  return renderBlock(README, 'metrics', renderMetricsTable());
}
