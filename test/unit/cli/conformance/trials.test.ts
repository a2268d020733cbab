import { describe, expect, test } from 'vitest';
import { TOKEN_OUTAGE } from '../../../../src/cli/conformance/outages.ts';
import { parseExceptions, toExceptions } from '../../../../src/cli/conformance/table/exceptions.ts';
import { CASES, loadCases } from '../../../../src/cli/conformance/table/load.ts';
import { listTrials } from '../../../../src/cli/conformance/trials.ts';
import type { Trials } from '../../../../src/cli/conformance/trials.ts';

type Plan = Parameters<typeof listTrials>[0];

const HERE = { host: '127.0.0.1', port: 80, loopback: true };
const PLAN: Plan = {
  entrance: 'nginx',
  gateway: HERE,
  public: '127.0.0.1:8080',
  token: 'x'.repeat(32),
  table: loadCases(CASES),
  exceptions: toExceptions([]),
};

const titlesOf = ({ cases, attacks, outages }: Trials): readonly string[] =>
  [...cases, ...attacks, ...outages].map(({ title }) => title);

/** What the first plan sends and the second does not. */
function lostBy(plan: Plan): readonly string[] {
  const left = new Set(titlesOf(listTrials(plan)));
  return titlesOf(listTrials(PLAN)).filter((title) => !left.has(title));
}

describe('a run', () => {
  test('sends everything but what no client of a gateway can send', () => {
    const { cases, leftOut } = listTrials(PLAN);
    expect(cases.length).toBeGreaterThan(500);
    expect(leftOut.map(({ why }) => why)).toEqual(['no client of a gateway can send it']);
  });

  test('through a gateway on another machine leaves out the cases that speak of addresses, and says so', () => {
    const elsewhere = { ...PLAN, gateway: { ...HERE, host: '10.0.0.5', loopback: false } };
    const lost = lostBy(elsewhere);
    expect(lost).toContain(
      'trackyard: the endpoint about oneself refuses a key from outside its allowlist, whatever the client says of itself',
    );
    const told = new Set(listTrials(elsewhere).leftOut.flatMap(({ titles }) => titles));
    expect(lost.filter((title) => !told.has(title))).toEqual([]);
    expect(lost.length).toBeLessThan(60);
  });

  test('without --public leaves out what needs the own endpoints, and nothing else', () => {
    const { public: _, ...plan } = PLAN;
    const lost = lostBy(plan);
    expect(lost).toContain('endpoints: a session is not granted without a key');
    expect(lost).toContain('trackyard: the endpoint about oneself needs a key as well');
    expect(lost.filter((title) => title.startsWith('attacks:') || title.startsWith('outages:'))).toEqual([]);
  });

  test('tries another token with gateways that show one alone', () => {
    expect(lostBy({ ...PLAN, entrance: 'envoy-grpc' })).toEqual([TOKEN_OUTAGE.title]);
  });

  test('tells the attacks that a person left out', () => {
    const attack = 'attacks: an identity forged as X_Tier does not get to the application';
    const text = `exceptions: [{ why: nobody reads it in this house, cases: ['${attack}'], left_out: true }]`;
    const plan = { ...PLAN, exceptions: toExceptions([parseExceptions(text)]) };
    expect(lostBy(plan)).toEqual([attack]);
    expect(listTrials(plan).leftOut.flatMap(({ titles }) => titles)).toContain(attack);
  });
});
