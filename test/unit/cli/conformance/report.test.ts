import { describe, expect, test } from 'vitest';
import type { Difference } from '../../../../src/cli/conformance/difference.ts';
import { findLosses } from '../../../../src/cli/conformance/report/losses.ts';
import { renderMarkdown, renderText } from '../../../../src/cli/conformance/report/report.ts';
import type { ConformanceReport } from '../../../../src/cli/conformance/report/report.ts';
import { createRunSecrets } from '../../../../src/cli/conformance/secrets.ts';

const KEEP = (text: string): string => text;
const missing = (name: string, status: number): Difference => ({
  kind: 'header missing',
  name,
  status,
  promised: '60',
  seen: '',
});

function losses(outcomes: readonly (readonly [title: string, ...Difference[]])[], hide = KEEP) {
  const listed = outcomes.map(([title, ...differences]) => ({ title, differences }));
  return findLosses(listed, { entrance: 'envoy-http', hide });
}

function reportOf(found: ConformanceReport['losses']): ConformanceReport {
  return {
    gateway: 'http://127.0.0.1:1',
    entrance: 'envoy-http',
    sent: { cases: 2, attacks: 1, outages: 1 },
    losses: found,
    left_out: [],
    exceptions_held: 0,
    exceptions_not_seen: [],
    asked_again: 0,
    tollgate_errors: [],
  };
}

describe('losses', () => {
  test('of one kind are one, with every header and every case', () => {
    const found = losses([
      ['a: one', missing('retry-after', 429), missing('ratelimit', 429)],
      ['a: two', missing('retry-after', 429)],
    ]);
    expect(found).toMatchObject([
      {
        severity: 'mute',
        what: 'headers are missing on a 429: ratelimit, retry-after',
        cases: ['a: one', 'a: two'],
      },
    ]);
  });

  test('begin with whatever lets somebody in, however rare it is', () => {
    const found = losses([
      ['a: one', missing('retry-after', 429)],
      ['a: two', missing('retry-after', 429), { kind: 'forged upstream', name: 'x-tier' }],
      ['outages: gone', { kind: 'let through' }],
      ['a: three', { kind: 'let through' }],
    ]);
    expect(found.map(({ severity }) => severity)).toEqual(['let through', 'let through', 'unsafe', 'mute']);
    expect(renderText(reportOf(found))).toMatch(/^LET THROUGH: /);
  });

  test('name the rules of the linter that find the place', () => {
    const [open, alias] = losses([
      ['outages: gone', { kind: 'let through' }],
      ['a: one', { kind: 'forged upstream', name: 'x-tier' }],
    ]);
    expect(open?.cure?.rules).toContain('envoy-fail-open');
    expect(alias?.cure?.rules).toContain('envoy-http-identity');
  });

  test('show no secret of the run, whichever answer held it', () => {
    const secrets = createRunSecrets();
    secrets.add('ty_secret0123456789secret');
    const body: Difference = {
      kind: 'body',
      status: 401,
      promised: 'no',
      seen: 'your key ty_secret0123456789secret is bad',
    };
    const text = renderText(reportOf(losses([['a: one', body]], secrets.hide)));
    expect(text).toContain('your key [a secret of this run] is bad');
    expect(text).not.toContain('0123456789');
  });

  test('of gRPC clients are told apart, with what to change', () => {
    const silence: Difference = { kind: 'no answer', why: 'Protocol error' };
    const found = losses([
      ['a: one', silence],
      ['trace: a gRPC client with a key passes', silence],
    ]);
    expect(found.map(({ what }) => what)).toEqual([
      'no whole answer comes',
      'gRPC clients get no answer that is one',
    ]);
    expect(found.map(({ cure }) => cure?.text.includes('--gateway-http2'))).toEqual([undefined, true]);
  });

  test('are no exceptions that were not needed', () => {
    expect(losses([['a: one', { kind: 'exception not needed' }]])).toEqual([]);
  });

  test('with a long answer show its beginning', () => {
    const [loss] = losses([['a: one', { kind: 'stopped', status: 502, seen: 'x'.repeat(10_000) }]]);
    expect(loss?.seen?.length).toBeLessThan(400);
  });
});

describe('the report', () => {
  test('without a loss says so, and what was sent', () => {
    expect(renderText(reportOf([]))).toBe(
      'Nothing is lost: 2 cases, 1 attack and 1 outage through http://127.0.0.1:1 (envoy-http).\n',
    );
  });

  test('counts the declared exceptions that held, and warns of those of which nothing was seen', () => {
    const report = { ...reportOf([]), exceptions_held: 12, exceptions_not_seen: ['a: one', 'a: two'] };
    expect(renderText(report)).toMatch(
      /\n12 declared exceptions held\.\nWarning: declared but not seen: a: one\nWarning: declared but not seen: a: two\n$/,
    );
  });

  test('names ten exceptions of which nothing was seen and counts the others', () => {
    const unseen = Array.from({ length: 12 }, (_, index) => `a: ${index}`);
    const text = renderText({ ...reportOf([]), exceptions_not_seen: unseen });
    expect(text).toMatch(/seen: a: 9\nWarning: and 2 more declared but not seen\.\n$/);
  });

  test('of a run that was given up says so before anything else of it, and how much was tried', () => {
    const meant = { cases: 9, attacks: 4, outages: 1 };
    const sent = { cases: 2, attacks: 0, outages: 0 };
    const report = { ...reportOf([]), sent, given_up: { why: 'it was stopped', meant } };
    expect(renderText(report)).toBe(
      [
        'THE RUN WAS GIVEN UP, and this is not the whole: it was stopped.',
        'Nothing is lost so far: 2 of 9 cases, 0 of 4 attacks and 0 of 1 outage through http://127.0.0.1:1 (envoy-http).\n',
      ].join('\n'),
    );
  });

  test('says where Tollgate itself was not well', () => {
    const report = { ...reportOf([]), tollgate_errors: ['a check failed for a bug'] };
    expect(renderText(report)).toContain('may be its own: a check failed for a bug\n');
  });

  test('names three cases of a loss and counts the others', () => {
    const outcomes = ['a', 'b', 'c', 'd', 'e'].map(
      (name) => [`t: ${name}`, { kind: 'balance', promised: '1', seen: '2' }] as const,
    );
    const text = renderText(reportOf(losses(outcomes)));
    expect(text).toContain('t: c\n    and 2 more');
    expect(text).not.toContain('t: d');
  });

  test('in Markdown keeps what a gateway said inside its cell', () => {
    const found = losses([['a: b | c\n## d', { kind: 'attack', what: 'an <b>odd</b> | thing' }]]);
    const rows = renderMarkdown(reportOf(found))
      .split('\n')
      .filter((line) => line.startsWith('| unsafe'));
    expect(rows).toHaveLength(1);
    expect(rows[0]?.match(/(?<!\\)\|/g)).toHaveLength(5);
    expect(rows[0]).not.toMatch(/(?<!\\)</);
  });
});
