import type { LeftOut } from '../trials.ts';
import type { Loss } from './losses.ts';

/** What a run found. */
export interface ConformanceReport {
  readonly gateway: string;
  readonly entrance: string;
  readonly sent: { readonly cases: number; readonly attacks: number; readonly outages: number };
  /** What no exception declares, the worst first. */
  readonly losses: readonly Loss[];
  readonly left_out: readonly LeftOut[];
  /** Declared exceptions, by their cases or their reasons, which this gateway has no need of. */
  readonly exceptions_not_needed: readonly string[];
  /** Requests that were refused for want of time and asked again. */
  readonly asked_again: number;
  /** Outages and bugs of this run's own Tollgate: then the losses may be its own. */
  readonly tollgate_errors: readonly string[];
}

const CASES_SHOWN = 3;

/** For people at a terminal: the losses, the worst in the first line, then what was sent. */
export function renderText(report: ConformanceReport): string {
  return [...report.losses.map(toParagraph), toSummary(report)].map((part) => `${part}\n`).join('\n');
}

function toParagraph({ severity, what, cases, promised, seen, cure }: Loss): string {
  const shown = cases.slice(0, CASES_SHOWN).map((title) => `    ${title}`);
  const more = cases.length > CASES_SHOWN ? [`    and ${cases.length - CASES_SHOWN} more`] : [];
  return [
    `${severity.toUpperCase()}: ${what}`,
    `  ${count(cases.length, 'case')}:`,
    ...shown,
    ...more,
    ...(promised === undefined ? [] : [`  promised: ${promised === '' ? 'nothing' : promised}`]),
    ...(seen === undefined ? [] : [`  seen:     ${seen === '' ? 'nothing' : seen}`]),
    ...(cure === undefined ? [] : [`  Change: ${cure.text}${toRules(cure.rules)}`]),
  ].join('\n');
}

function toRules(rules: readonly string[]): string {
  return rules.length === 0 ? '' : ` (tollgate lint: ${rules.join(', ')})`;
}

function toSummary(report: ConformanceReport): string {
  const { sent, losses, left_out: leftOut, exceptions_not_needed: unneeded } = report;
  const lost = losses.length === 0 ? 'Nothing is lost' : count(losses.length, 'loss', 'losses');
  const lines = [
    `${lost}: ${count(sent.cases, 'case')}, ${count(sent.attacks, 'attack')} and ${count(sent.outages, 'outage')} through ${report.gateway} (${report.entrance}).`,
    ...leftOut.map(({ why, titles }) => `${titles.length} left out: ${why}.`),
  ];
  const [first] = unneeded;
  if (first !== undefined) lines.push(`${count(unneeded.length, 'exception')} not needed, as: ${first}`);
  const { asked_again: again } = report;
  if (again > 0)
    lines.push(
      `${count(again, 'request')} got a 503 and went out again: the machine or the gateway is busy.`,
    );
  const [error] = report.tollgate_errors;
  if (error !== undefined)
    lines.push(`Tollgate itself was not well, so that losses may be its own: ${error}`);
  return lines.join('\n');
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** A table for a page or a pull request. */
export function renderMarkdown(report: ConformanceReport): string {
  const rows = report.losses.map(
    ({ severity, what, cases, cure }) =>
      `| ${severity} | ${toCell(what)} | ${cases.length}, as ${toCell(cases[0] ?? '')} | ${toCell(cure?.text ?? '')} |`,
  );
  const table =
    rows.length === 0
      ? []
      : ['| | what is lost | cases | what to change |', '| --- | --- | --- | --- |', ...rows, ''];
  const summary = toSummary(report)
    .split('\n')
    .map((line) => `- ${toCell(line)}`);
  return `${[...table, ...summary].join('\n')}\n`;
}

function toCell(text: string): string {
  return text.replaceAll(/[\\|`*_<>[\]]/g, '\\$&').replaceAll('\n', ' ');
}
