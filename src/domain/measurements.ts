import type { Bucketed } from './bucket-counts.ts';
import type {
  CredentialFault,
  Decision,
  Dependency,
  PlaceFault,
  RefusalCode,
  RequestFault,
} from './decision.ts';
import type { Api } from './policy.ts';
import type { GatewayName } from './request.ts';
import { TOKEN_FAULTS } from './token.ts';
import type { TokenFault } from './token.ts';

/*
 * What every part of the process may measure, as plain data on its way to whoever shows it.
 * Every label takes its values from a closed set: a type, a list below, or the configuration. None is ever text of a request.
 */

export type ReplyCode = 'ok' | RefusalCode;
/** A thread of this process: the edge decides, the store writes, main does the rest. */
export type ThreadName = 'edge' | 'store' | 'main';
export type CollectionKind = 'minor' | 'major' | 'incremental' | 'weak_callbacks';
export type StoreOperation =
  | 'charge'
  | 'read_feed'
  | 'write_account'
  | 'write_key'
  | 'write_session'
  | 'write_operator'
  | 'grant_credits'
  | 'record_last_uses'
  | 'keep_windows'
  | 'read'
  | 'checkpoint'
  | 'restart_log';
/** `outage`: the store did not answer. `bug`: anything else that was thrown. */
export type StoreOutcome = 'ok' | 'outage' | 'bug';

/** Why the check listener closed a connection or a call: what a peer did, never what a check asked. */
export type GrpcRefusal =
  | 'tls_failed'
  | 'client_not_named'
  | 'no_room'
  | 'no_room_for_call'
  | 'protocol'
  | 'flood'
  | 'stalled'
  | 'call_malformed';

/** Why an entrance over HTTP closed a connection: what a peer did, never what a check asked. */
export type HttpRefusal = 'tls_failed' | 'client_not_named' | 'no_room' | 'protocol' | 'stalled';

/** What came of fetching an issuer's key set. `unusable`: what came is no JWK set with a key that could be used. */
export type KeySetOutcome =
  'ok' | 'unusable' | 'address' | 'connection' | 'timeout' | 'status' | 'redirect' | 'type' | 'too_large';

/** The counters by name, and the labels of their series. */
export interface CounterLabels {
  readonly tollgate_checks_total: {
    readonly api: string;
    readonly gateway: GatewayName;
    readonly decision: Decision['kind'];
    readonly code: ReplyCode;
  };
  readonly tollgate_invalid_credentials_total: { readonly api: string; readonly fault: CredentialFault };
  readonly tollgate_ambiguous_requests_total: { readonly api: string; readonly fault: RequestFault };
  readonly tollgate_not_found_total: { readonly api: string; readonly fault: PlaceFault };
  readonly tollgate_limit_denials_total: { readonly api: string; readonly window: string };
  readonly tollgate_outages_total: { readonly api: string; readonly dependency: Dependency };
  readonly tollgate_degraded_total: { readonly api: string; readonly dependency: Dependency };
  readonly tollgate_repeats_total: { readonly api: string };
  readonly tollgate_credits_spent_total: { readonly api: string };
  /** `issuer`: as the configuration calls it. */
  readonly tollgate_key_set_fetches_total: {
    readonly api: string;
    readonly issuer: string;
    readonly outcome: KeySetOutcome;
  };
  readonly tollgate_grpc_connections_total: NoLabels;
  readonly tollgate_grpc_calls_total: NoLabels;
  readonly tollgate_grpc_refusals_total: { readonly reason: GrpcRefusal };
  readonly tollgate_grpc_bytes_total: { readonly direction: 'received' | 'sent' };
  readonly tollgate_http_refusals_total: { readonly reason: HttpRefusal };
  readonly tollgate_thread_busy_seconds_total: { readonly thread: ThreadName };
  readonly process_cpu_seconds_total: NoLabels;
}

/** The gauges by name, and the labels of their series. */
export interface GaugeLabels {
  readonly tollgate_keys: NoLabels;
  readonly tollgate_accounts: NoLabels;
  readonly tollgate_sessions: NoLabels;
  /** `pepper`: an id of the ring, or PEPPER_OTHER. */
  readonly tollgate_stored_keys: { readonly pepper: string };
  readonly tollgate_counters: NoLabels;
  readonly tollgate_counters_max: NoLabels;
  readonly tollgate_counters_bytes: NoLabels;
  readonly tollgate_windows_unkept: NoLabels;
  readonly tollgate_key_set_age_seconds: { readonly api: string; readonly issuer: string };
  readonly tollgate_key_set_keys: { readonly api: string; readonly issuer: string };
  readonly tollgate_tokens_remembered: NoLabels;
  readonly tollgate_write_behind_pending: NoLabels;
  readonly tollgate_grpc_connections: NoLabels;
  readonly tollgate_grpc_calls: NoLabels;
  readonly tollgate_grpc_waiting_bytes: NoLabels;
  readonly tollgate_ready: NoLabels;
  readonly tollgate_heap_used_bytes: { readonly thread: ThreadName };
  readonly tollgate_config_info: { readonly digest: string };
  readonly tollgate_build_info: { readonly version: string; readonly node: string };
  readonly process_resident_memory_bytes: NoLabels;
  readonly process_start_time_seconds: NoLabels;
}

/** The histograms by name, and the labels of their series. */
export interface HistogramLabels {
  readonly tollgate_check_seconds: { readonly gateway: GatewayName };
  readonly tollgate_revocation_lag_seconds: NoLabels;
  readonly tollgate_store_seconds: {
    readonly store: 'sqlite';
    readonly operation: StoreOperation;
    readonly outcome: StoreOutcome;
  };
  readonly tollgate_event_loop_delay_seconds: { readonly thread: ThreadName };
  readonly tollgate_gc_seconds: { readonly thread: ThreadName; readonly kind: CollectionKind };
}

type NoLabels = Readonly<Record<string, never>>;

export type CounterName = keyof CounterLabels;
export type GaugeName = keyof GaugeLabels;
export type HistogramName = keyof HistogramLabels;

/** How much a counter has grown since it was last told of: at least 0. */
export type Increment = {
  readonly [Name in CounterName]: {
    readonly metric: Name;
    readonly labels: CounterLabels[Name];
    readonly by: number;
  };
}[CounterName];

/** What a gauge stands at now. */
export type Level = {
  readonly [Name in GaugeName]: {
    readonly metric: Name;
    readonly labels: GaugeLabels[Name];
    readonly value: number;
  };
}[GaugeName];

/** What a histogram has taken in since it was last told of, by the bounds of `BUCKETS_SECONDS`. */
export type Observations = {
  readonly [Name in HistogramName]: {
    readonly metric: Name;
    readonly labels: HistogramLabels[Name];
    readonly bucketed: Bucketed;
  };
}[HistogramName];

/** What one part of the process measured since it last told. Loss costs a metric, nothing else. */
export interface Measurements {
  readonly increments: readonly Increment[];
  readonly levels: readonly Level[];
  readonly observations: readonly Observations[];
}

export const NOTHING_MEASURED: Measurements = { increments: [], levels: [], observations: [] };

export function joinMeasurements(...parts: readonly Measurements[]): Measurements {
  return {
    increments: parts.flatMap(({ increments }) => increments),
    levels: parts.flatMap(({ levels }) => levels),
    observations: parts.flatMap(({ observations }) => observations),
  };
}

/** The upper ends of each histogram's buckets, in seconds. */
export const BUCKETS_SECONDS: Readonly<Record<HistogramName, readonly number[]>> = {
  // From a decision out of memory to the gateway's own time-out.
  tollgate_check_seconds: [
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
    0.5,
  ],
  // Promised: 0.25.
  tollgate_revocation_lag_seconds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  tollgate_store_seconds: [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5],
  tollgate_event_loop_delay_seconds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
  tollgate_gc_seconds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
};

/** In place of an API's name where the host names none; no API can be called so. */
export const API_NONE = '(none)';
/** In place of the id of a pepper that is not configured; no pepper can be called so. */
export const PEPPER_OTHER = '(other)';
/** In place of the name of a limit that a single key has on top of its tier's. */
export const WINDOW_OTHER = 'other';

/** The limits that an API's tiers have, by name, and what stands for all others. */
export function windowsOf({ tiers }: Pick<Api, 'tiers'>): readonly string[] {
  const names = tiers.flatMap(({ limits }) => limits.map(({ name }) => name));
  return [...new Set(names), WINDOW_OTHER];
}

export const REPLY_CODES = wordsOf<ReplyCode>({
  ok: true,
  request_ambiguous: true,
  not_found: true,
  credential_missing: true,
  credential_invalid: true,
  address_not_allowed: true,
  account_suspended: true,
  account_disabled: true,
  trial_not_started: true,
  trial_expired: true,
  subscription_inactive: true,
  permission_missing: true,
  feature_missing: true,
  role_missing: true,
  rate_limited: true,
  insufficient_credits: true,
  unavailable: true,
  internal_error: true,
});
export const CREDENTIAL_FAULTS = wordsOf<CredentialFault>({
  repeated: true,
  malformed: true,
  unknown: true,
  expired: true,
  unverifiable: true,
  revoked_meanwhile: true,
  session_ended: true,
  account_unknown: true,
  ...(Object.fromEntries(TOKEN_FAULTS.map((fault) => [fault, true])) as Record<TokenFault, true>),
});
export const REQUEST_FAULTS = wordsOf<RequestFault>({
  unreadable: true,
  method: true,
  connection: true,
  no_path: true,
  path_length: true,
  path_characters: true,
  path_escapes: true,
  path_segments: true,
});
export const PLACE_FAULTS = wordsOf<PlaceFault>({
  no_host: true,
  other_api: true,
  no_area: true,
  no_route: true,
});
export const DEPENDENCIES = wordsOf<Dependency>({
  directory: true,
  limits: true,
  credits: true,
  tokens: true,
  configuration: true,
  capacity: true,
});

export const GRPC_REFUSALS = wordsOf<GrpcRefusal>({
  tls_failed: true,
  client_not_named: true,
  no_room: true,
  no_room_for_call: true,
  protocol: true,
  flood: true,
  stalled: true,
  call_malformed: true,
});

export const HTTP_REFUSALS = wordsOf<HttpRefusal>({
  tls_failed: true,
  client_not_named: true,
  no_room: true,
  protocol: true,
  stalled: true,
});

export const KEY_SET_OUTCOMES = wordsOf<KeySetOutcome>({
  ok: true,
  unusable: true,
  address: true,
  connection: true,
  timeout: true,
  status: true,
  redirect: true,
  type: true,
  too_large: true,
});

/** Which kind of decision a code comes from. */
export function decisionOf(code: ReplyCode): Decision['kind'] {
  if (code === 'ok') return 'allow';
  if (code === 'unavailable') return 'outage';
  return code === 'internal_error' ? 'bug' : 'deny';
}

/** Every word of a closed set: the compiler misses the one that is forgotten. */
function wordsOf<Word extends string>(set: Readonly<Record<Word, true>>): readonly Word[] {
  return Object.keys(set) as Word[];
}
