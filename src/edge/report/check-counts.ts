import type { Decision, Deny } from '../../domain/decision.ts';
import { findTightest } from '../../domain/limit.ts';
import {
  CREDENTIAL_FAULTS,
  DEPENDENCIES,
  PLACE_FAULTS,
  REQUEST_FAULTS,
  REPLY_CODES,
  WINDOW_OTHER,
  windowsOf,
} from '../../domain/measurements.ts';
import type { Increment, ReplyCode } from '../../domain/measurements.ts';
import type { Api } from '../../domain/policy.ts';
import type { Reply } from '../../domain/reply.ts';
import type { CheckCount } from '../../domain/report.ts';
import type { GatewayName } from '../../domain/request.ts';
import { WordCounts } from './word-counts.ts';

export interface CheckCountsOptions {
  /** Through which checks may come. */
  readonly gateways: readonly GatewayName[];
  /** Of the policy. */
  readonly apis: readonly Pick<Api, 'name' | 'tiers'>[];
}

/** Everything about checks that is counted by API. */
export interface CheckCounts {
  decided(decision: Decision, reply: Reply, gateway: GatewayName): void;
  /** A check that was answered with what an earlier one had spent. */
  repeated(api: string): void;
  spent(api: string, credits: number): void;
  /** What has come together since the last call. */
  drain(): { readonly checks: readonly CheckCount[]; readonly increments: readonly Increment[] };
}

export function createCheckCounts(options: CheckCountsOptions): CheckCounts {
  const { codes, ...others } = createTables(options);
  return {
    decided(decision, { api, code }, gateway) {
      codes.get(gateway)?.add(api, code);
      if (decision.kind === 'deny') countDenial(others, api, decision);
      else if (decision.kind === 'outage') others.outages.add(api, decision.dependency);
      else if (decision.kind === 'allow' && decision.degraded !== undefined) {
        others.degraded.add(api, decision.degraded);
      }
    },
    repeated: (api) => void others.spending.add(api, 'tollgate_repeats_total'),
    spent: (api, credits) => void others.spending.add(api, 'tollgate_credits_spent_total', credits),
    drain: () => ({
      checks: [...codes.values()].flatMap((table) => table.drain()),
      increments: Object.values(others).flatMap((table) => table.drain()),
    }),
  };
}

type Tables = Omit<ReturnType<typeof createTables>, 'codes'>;

function createTables({ gateways, apis: served }: CheckCountsOptions) {
  // A request whose host names no API is answered under the name ''.
  const apis = ['', ...served.map(({ name }) => name)];
  const table = <Word extends string>(words: readonly Word[], to: ToIncrement<Word>) =>
    new WordCounts({ apis, words, to });
  return {
    codes: new Map(gateways.map((gateway) => [gateway, createCodes(apis, gateway)])),
    credentials: table(CREDENTIAL_FAULTS, (api, fault, by) => ({
      metric: 'tollgate_invalid_credentials_total',
      labels: { api, fault },
      by,
    })),
    requests: table(REQUEST_FAULTS, (api, fault, by) => ({
      metric: 'tollgate_ambiguous_requests_total',
      labels: { api, fault },
      by,
    })),
    places: table(PLACE_FAULTS, (api, fault, by) => ({
      metric: 'tollgate_not_found_total',
      labels: { api, fault },
      by,
    })),
    windows: table([...new Set(served.flatMap(windowsOf)).add(WINDOW_OTHER)], (api, window, by) => ({
      metric: 'tollgate_limit_denials_total',
      labels: { api, window },
      by,
    })),
    outages: table(DEPENDENCIES, (api, dependency, by) => ({
      metric: 'tollgate_outages_total',
      labels: { api, dependency },
      by,
    })),
    degraded: table(DEPENDENCIES, (api, dependency, by) => ({
      metric: 'tollgate_degraded_total',
      labels: { api, dependency },
      by,
    })),
    spending: table(SPENDING, (api, metric, by) => ({ metric, labels: { api }, by })),
  };
}

function createCodes(apis: readonly string[], gateway: GatewayName) {
  const to = (api: string, code: ReplyCode, count: number): CheckCount => ({ api, gateway, code, count });
  return new WordCounts({ apis, words: REPLY_CODES, to });
}

type ToIncrement<Word> = (api: string, word: Word, by: number) => Increment;
const SPENDING = ['tollgate_repeats_total', 'tollgate_credits_spent_total'] as const;

function countDenial({ requests, credentials, places, windows }: Tables, api: string, decision: Deny): void {
  const { denial, limits = [] } = decision;
  if (denial.code === 'credential_invalid') credentials.add(api, denial.fault);
  else if (denial.code === 'not_found') places.add(api, denial.fault);
  else if (denial.code === 'request_ambiguous') requests.add(api, denial.fault);
  else if (denial.code === 'rate_limited') {
    const shown = findTightest(limits)?.limit.name ?? WINDOW_OTHER;
    if (!windows.add(api, shown)) windows.add(api, WINDOW_OTHER);
  }
}
