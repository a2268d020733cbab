import { ATTACKS, ENDPOINT_TRIALS } from './attacks/attacks.ts';
import { ADMIN, PATH } from './attacks/field.ts';
import type { Field } from './attacks/field.ts';
import { checkTokenOf } from './plan.ts';
import type { Plan } from './plan.ts';
import { OUTAGES, TOKEN_OUTAGE } from './outages.ts';
import type { OutageField } from './outages.ts';
import type { Known } from './table/exception-faults.ts';
import type { LoadedCase } from './table/load.ts';
import type { RequestStep } from './table/schema.ts';
import type { Trial } from './trial.ts';

/** All that a run sends, and why it leaves something out. */
export interface Trials {
  readonly cases: readonly LoadedCase[];
  readonly attacks: readonly Trial<Field>[];
  readonly outages: readonly Trial<OutageField>[];
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  readonly why: string;
  readonly titles: readonly string[];
}

type Leaving = Pick<Plan, 'entrance' | 'exceptions' | 'gateway' | 'public' | 'table' | 'token'>;
type Reason = (loaded: LoadedCase, plan: Leaving) => boolean;

const REASONS: readonly (readonly [why: string, holds: Reason])[] = [
  ['no client of a gateway can send it', ({ text }) => text.in_process_only !== undefined],
  ['declared as an exception', ({ title }, { exceptions }) => exceptions.leavesOut(title)],
  ['only a gateway on 127.0.0.1 can be asked from chosen addresses', needsPeer],
  ["without --public the gateway has no routes to Tollgate's own endpoints", needsEndpoints],
];

/** The trials of a run, in the order in which they are taken. */
export function listTrials(plan: Leaving): Trials {
  const reasonOf = (loaded: LoadedCase): string | undefined =>
    REASONS.find(([, holds]) => holds(loaded, plan))?.[0];
  const attacks = plan.public === undefined ? ATTACKS : [...ATTACKS, ...ENDPOINT_TRIALS];
  const outages = checkTokenOf(plan) === undefined ? OUTAGES : [...OUTAGES, TOKEN_OUTAGE];
  const isLeftOut = ({ title }: { readonly title: string }): boolean => plan.exceptions.leavesOut(title);
  const leftOut = REASONS.map(([why]) => ({
    why,
    titles: plan.table.filter((loaded) => reasonOf(loaded) === why).map(({ title }) => title),
  }));
  const declared = [...attacks, ...outages].filter(isLeftOut).map(({ title }) => title);
  return {
    cases: plan.table.filter((loaded) => reasonOf(loaded) === undefined),
    attacks: attacks.filter((attack) => !isLeftOut(attack)),
    outages: outages.filter((outage) => !isLeftOut(outage)),
    leftOut: [
      ...leftOut,
      { why: 'attacks and outages that are declared as exceptions', titles: declared },
    ].filter(({ titles }) => titles.length > 0),
  };
}

/** All that an exception may name. */
export function listKnown(table: readonly LoadedCase[]): Known {
  return {
    cases: table,
    attacks: [...ATTACKS, ...ENDPOINT_TRIALS].map(({ title }) => title),
    outages: [...OUTAGES, TOKEN_OUTAGE].map(({ title }) => title),
  };
}

/** Whether a trial sends a request for that target, for something below it, or for what it is below. */
export function isAskedFor(target: string, table: readonly LoadedCase[]): boolean {
  const asked = table.flatMap(({ steps, file }) =>
    requestsOf(steps).map(({ send }) => send?.path ?? file.request.path),
  );
  return [PATH, ADMIN, ...asked]
    .map((path) => path.replace(/[?#].*$/, ''))
    .some((path) => path === target || path.startsWith(`${target}/`) || isBelow(target, path));
}

/** Everything is below `/`. */
function isBelow(target: string, path: string): boolean {
  return path.length > 1 && target.startsWith(`${path}/`);
}

/** A case that speaks of addresses: its clients have some, or its keys are bound to some. */
function needsPeer({ text, file }: LoadedCase, { gateway }: Leaving): boolean {
  return !gateway.loopback && /"(?:peer|allow_ips)":/.test(JSON.stringify([text, file.keys]));
}

const ME = '/api/external/v1/me';

function needsEndpoints({ steps, file }: LoadedCase, plan: Leaving): boolean {
  if (plan.public !== undefined) return false;
  const { create, refresh, logout } = file.sessions_at ?? {};
  const own = new Set([ME, create, refresh, logout]);
  return requestsOf(steps).some(({ send }) => own.has(send?.path ?? file.request.path));
}

function requestsOf(steps: LoadedCase['steps']): readonly RequestStep[] {
  return steps.filter((step) => 'answer' in step);
}
