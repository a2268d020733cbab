import { BUCKETS_SECONDS } from '../domain/measurements.ts';
import type { Metric, MetricsTable } from './metric-row.ts';
import { PROCESS_METRICS } from './process-metrics.ts';

/** Every metric there is. The registry and the table of the README are made of it. */
export const METRICS: MetricsTable = {
  tollgate_checks_total: {
    kind: 'counter',
    unit: 'checks',
    labels: ['api', 'gateway', 'decision', 'code'],
    help: 'Checks answered: allow, deny, outage or bug, and the code of the answer',
  },
  tollgate_check_seconds: {
    kind: 'histogram',
    unit: 'seconds',
    labels: ['gateway'],
    buckets: BUCKETS_SECONDS.tollgate_check_seconds,
    help: 'From the parsed request to the rendered answer of a check, the wait for its credits included',
  },
  tollgate_invalid_credentials_total: {
    kind: 'counter',
    unit: 'checks',
    labels: ['api', 'fault'],
    help: 'Checks refused for an invalid credential, by what was wrong with it: outside, all look the same',
  },
  tollgate_ambiguous_requests_total: {
    kind: 'counter',
    unit: 'checks',
    labels: ['api', 'fault'],
    help: 'Checks refused because two servers could read the request differently, by what is ambiguous in it',
  },
  tollgate_not_found_total: {
    kind: 'counter',
    unit: 'checks',
    labels: ['api', 'fault'],
    help: 'Checks refused as not found, by what does not exist; other_api: the gateway names another API than the host',
  },
  tollgate_limit_denials_total: {
    kind: 'counter',
    unit: 'checks',
    labels: ['api', 'window'],
    help: "Checks refused by a limit, by the limit that waits longest; other: a limit of the key's own",
  },
  tollgate_credits_spent_total: {
    kind: 'counter',
    unit: 'credits',
    labels: ['api'],
    help: 'Credits charged for checks that were let through',
  },
  tollgate_repeats_total: {
    kind: 'counter',
    unit: 'checks',
    labels: ['api'],
    help: 'Checks that the gateway sent again: answered with what the first had spent',
  },
  tollgate_outages_total: {
    kind: 'counter',
    unit: 'checks',
    labels: ['api', 'dependency'],
    help: 'Checks refused because a dependency did not answer',
  },
  tollgate_degraded_total: {
    kind: 'counter',
    unit: 'checks',
    labels: ['api', 'dependency'],
    help: 'Checks let through without a dependency that did not answer, as on_outage asks',
  },
  tollgate_revocation_lag_seconds: {
    kind: 'histogram',
    unit: 'seconds',
    labels: [],
    buckets: BUCKETS_SECONDS.tollgate_revocation_lag_seconds,
    help: "From the commit of a key's or an account's change to the edge's confirmation; a wait that was given up counts as long as it was",
  },
  tollgate_keys: {
    kind: 'gauge',
    unit: 'keys',
    labels: [],
    help: "Keys in the edge's memory",
  },
  tollgate_accounts: {
    kind: 'gauge',
    unit: 'accounts',
    labels: [],
    help: "Accounts in the edge's memory",
  },
  tollgate_sessions: {
    kind: 'gauge',
    unit: 'sessions',
    labels: [],
    help: "Live sessions in the edge's memory",
  },
  tollgate_stored_keys: {
    kind: 'gauge',
    unit: 'keys',
    labels: ['pepper'],
    help: "Unrevoked keys of the store and operators' tokens, by the pepper of their digests, counted once a minute; (other): of no configured pepper, so nobody can use them",
  },
  tollgate_counters: {
    kind: 'gauge',
    unit: 'counters',
    labels: [],
    help: 'Windows in which something counts',
  },
  tollgate_counters_max: {
    kind: 'gauge',
    unit: 'counters',
    labels: [],
    help: 'Windows that there is room for: where all count, further ones are an outage of limits',
  },
  tollgate_counters_bytes: {
    kind: 'gauge',
    unit: 'bytes',
    labels: [],
    help: 'Memory set aside for windows',
  },
  tollgate_windows_unkept: {
    kind: 'gauge',
    unit: 'counters',
    labels: [],
    help: 'Windows longer than a minute that differ from what is kept of them: what a kill would forget',
  },
  tollgate_key_set_fetches_total: {
    kind: 'counter',
    unit: 'fetches',
    labels: ['api', 'issuer', 'outcome'],
    help: "Fetches of issuers' key sets, by what came of them; only ok replaces the set that serves",
  },
  tollgate_key_set_age_seconds: {
    kind: 'gauge',
    unit: 'seconds',
    labels: ['api', 'issuer'],
    help: "Since an issuer's key set was last fetched whole; +Inf before the first time",
  },
  tollgate_key_set_keys: {
    kind: 'gauge',
    unit: 'keys',
    labels: ['api', 'issuer'],
    help: "Keys of an issuer's set that can be used",
  },
  tollgate_tokens_remembered: {
    kind: 'gauge',
    unit: 'tokens',
    labels: [],
    help: 'Tokens whose signature need not be verified again; those that expired meanwhile included',
  },
  tollgate_store_seconds: {
    kind: 'histogram',
    unit: 'seconds',
    labels: ['store', 'operation', 'outcome'],
    buckets: BUCKETS_SECONDS.tollgate_store_seconds,
    help: 'How long the store took; charge: all charges of one turn',
  },
  tollgate_write_behind_pending: {
    kind: 'gauge',
    unit: 'keys',
    labels: [],
    help: 'Last uses that wait to be written',
  },
  ...PROCESS_METRICS,
};

/** Name and row of every metric, in the order of the table. */
export const METRIC_ROWS: readonly (readonly [name: string, row: Metric])[] = Object.entries(METRICS);
