import type { LeftOut } from '../trials.ts';
import type { Loss } from './losses.ts';

/** How much of each kind. */
export interface Sent {
  readonly cases: number;
  readonly attacks: number;
  readonly outages: number;
}

/** What a run found. */
export interface ConformanceReport {
  readonly gateway: string;
  readonly entrance: string;
  /** Why not everything was tried that was meant to be; absent where it was. */
  readonly given_up?: { readonly why: string; readonly meant: Sent };
  readonly sent: Sent;
  /** What no exception declares, the worst first. */
  readonly losses: readonly Loss[];
  readonly left_out: readonly LeftOut[];
  /** Trials that ended as an exception says, and declared losses of headers that were seen. */
  readonly exceptions_held: number;
  /** Declared exceptions, by their trials or their reasons, of which nothing was seen: this gateway has no need of them. */
  readonly exceptions_not_seen: readonly string[];
  /** Requests that were refused for want of time and asked again. */
  readonly asked_again: number;
  /** Outages and bugs of this run's own Tollgate: then the losses may be its own. */
  readonly tollgate_errors: readonly string[];
}

const CASES_SHOWN = 3;
const UNSEEN_SHOWN = 10;

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
  const { given_up: givenUp, left_out: leftOut, asked_again: again } = report;
  const [error] = report.tollgate_errors;
  return [
    ...(givenUp === undefined ? [] : [`THE RUN WAS GIVEN UP, and this is not the whole: ${givenUp.why}.`]),
    `${toVerdict(report)}: ${toSent(report)} through ${report.gateway} (${report.entrance}).`,
    ...leftOut.map(({ why, titles }) => `${titles.length} left out: ${why}.`),
    ...toExceptions(report),
    ...(again === 0
      ? []
      : [`${count(again, 'request')} got a 503 and went out again: the machine or the gateway is busy.`]),
    ...(error === undefined ? [] : [`Tollgate itself was not well, so that losses may be its own: ${error}`]),
  ].join('\n');
}

function toVerdict({ losses, given_up: givenUp }: ConformanceReport): string {
  const soFar = givenUp === undefined ? '' : ' so far';
  return losses.length === 0 ? `Nothing is lost${soFar}` : count(losses.length, 'loss', 'losses') + soFar;
}

function toSent({ sent, given_up: givenUp }: ConformanceReport): string {
  const meant = givenUp?.meant;
  const part = (kind: keyof Sent, one: string): string =>
    meant === undefined ? count(sent[kind], one) : `${sent[kind]} of ${count(meant[kind], one)}`;
  return `${part('cases', 'case')}, ${part('attacks', 'attack')} and ${part('outages', 'outage')}`;
}

function toExceptions({ exceptions_held: held, exceptions_not_seen: unseen }: ConformanceReport): string[] {
  const shown = unseen.slice(0, UNSEEN_SHOWN).map((what) => `Warning: declared but not seen: ${what}`);
  const more = unseen.length - shown.length;
  return [
    ...(held === 0 ? [] : [`${count(held, 'declared exception')} held.`]),
    ...shown,
    ...(more > 0 ? [`Warning: and ${more} more declared but not seen.`] : []),
  ];
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
