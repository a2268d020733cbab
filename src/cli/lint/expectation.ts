import type { GatewayFacts } from '../../app.ts';
import type { Expectation, HeaderSet } from './rule.ts';
import { readAt } from './subjects.ts';

/** Whether what stands at a rule's place is as expected. Values are those found there: none where nothing is written. */
export function isMet(expect: Expectation, values: readonly unknown[], facts: GatewayFacts): boolean {
  if ('never' in expect) return false;
  if ('absent' in expect) return values.length === 0;
  if ('present' in expect) return values.length > 0;
  if ('is' in expect) return isOneOf(expect.is, values);
  if ('matches' in expect) return values.length > 0 && values.every((v) => expect.matches.test(String(v)));
  if ('atLeast' in expect) return values.length > 0 && values.every((v) => Number(v) >= expect.atLeast);
  if ('order' in expect) return isInOrder(expect.order, values);
  if ('orAbsent' in expect && values.length === 0) return true;
  if ('outlastsBudget' in expect) {
    const durationMs = parseDurationMs(values[0]);
    return durationMs > facts.budgetMs && durationMs <= expect.outlastsBudget.atMostMs;
  }
  const covers = toMatchers(values);
  if ('spares' in expect) return namesOf(expect.spares, facts).every((name) => !covers(name));
  return namesOf(expect.covers, facts).every(covers);
}

function isOneOf(allowed: readonly unknown[], values: readonly unknown[]): boolean {
  if (values.length === 0) return allowed.includes(undefined);
  return values.every((value) => allowed.includes(value));
}

/** Types are compared by their end: `…v3.Cors`. */
function isInOrder([first, second]: readonly [string, string], values: readonly unknown[]): boolean {
  const types = values.map(String);
  const at = [first, second].map((end) => types.findIndex((type) => type.endsWith(end)));
  const [firstAt = -1, secondAt = -1] = at;
  return firstAt < 0 || secondAt < 0 || firstAt < secondAt;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `0.5s`, `250ms`, `1m`, or milliseconds as a number. NaN, which is neither long nor short enough, for what is none of them. */
function parseDurationMs(value: unknown): number {
  if (typeof value === 'number') return value;
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(String(value)) ?? [];
  return digits === undefined ? Number.NaN : Number(digits) * (UNIT_MS[unit] ?? Number.NaN);
}

function namesOf(names: HeaderSet | readonly string[], facts: GatewayFacts): readonly string[] {
  if (names === 'credential headers') return facts.credentialHeaders;
  if (names === 'identity headers') return facts.identityHeaders;
  return names;
}

/** Whether any of the values names a header: a plain name, or a matcher as Envoy writes them. */
function toMatchers(values: readonly unknown[]): (name: string) => boolean {
  const matchers = values.map(toMatcher);
  return (name) => matchers.some((matches) => matches(name));
}

function toMatcher(value: unknown): (name: string) => boolean {
  if (typeof value === 'string') return toPatternMatcher(value.toLowerCase());
  const { exact, prefix, suffix, contains } = toLowerMembers(value);
  const regex = toRegex(readAt(value, ['safe_regex', 'regex'])[0]);
  return (name) =>
    name === exact ||
    regex?.test(name) === true ||
    (prefix !== undefined && name.startsWith(prefix)) ||
    (suffix !== undefined && name.endsWith(suffix)) ||
    (contains !== undefined && name.includes(contains));
}

/** Envoy's matches whole names. What only RE2 understands covers nothing here. */
function toRegex(text: unknown): RegExp | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return new RegExp(`^(?:${text})$`);
  } catch {
    return undefined;
  }
}

/** Istio writes `x-*` and `*-id`, Kong's transformers `x-name:value`. */
function toPatternMatcher(text: string): (name: string) => boolean {
  const [pattern = ''] = text.split(':');
  if (pattern.endsWith('*')) return (name) => name.startsWith(pattern.slice(0, -1));
  if (pattern.startsWith('*')) return (name) => name.endsWith(pattern.slice(1));
  return (name) => name === pattern;
}

function toLowerMembers(value: unknown): Readonly<Record<string, string | undefined>> {
  if (typeof value !== 'object' || value === null) return {};
  const members = Object.entries(value).map(([name, text]) => [name, String(text).toLowerCase()] as const);
  return Object.fromEntries(members);
}
