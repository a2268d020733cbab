import { METRIC_ROWS } from './metrics.ts';

/** The table of metrics for people, in Markdown. */
export function renderMetricsTable(): string {
  const rows = METRIC_ROWS.map(([name, { kind, unit, labels, help }]) => [
    `\`${name}\``,
    kind,
    unit,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  const all = [
    ['metric', 'kind', 'unit', 'labels', 'what it says'],
    ['---', '---', '---', '---', '---'],
    ...rows,
  ];
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
