import { measuredRateOf, quantileOf, rateOf, ratio, valueOf } from './queries.ts';
import type { Query, Span } from './queries.ts';

/** `page`: somebody must act now. `ticket`: within days. */
export type Urgency = 'page' | 'ticket';

export interface Alert {
  readonly name: string;
  readonly urgency: Urgency;
  readonly expression: string;
  /** How long it must hold. */
  readonly for: string;
  readonly summary: string;
  /** What it means, what to look at, what to do: one paragraph. */
  readonly runbook: string;
  /** Series that raise it, and series that do not, in promtool's notation, by the minute. */
  readonly fires: readonly Series[];
  readonly quiet: readonly Series[];
}

export type Series = readonly [series: string, values: string];

const ALL: Span = { interval: '5m', scope: '' };

function above(query: Query, bound: number): string {
  return `(${query(ALL)}) > ${bound}`;
}

/** Promtool: 40 minutes of samples, growing by so much a minute, or standing still. */
const growing = (byMinute: number): string => `0+${byMinute}x40`;
const steady = (value: number): string => `${value}x40`;

/** A histogram whose values all lie in one bucket. */
function bucketed(name: string, labels: string, bound: string): readonly Series[] {
  const joined = labels === '' ? '' : `${labels},`;
  return [
    [`${name}_bucket{${joined}le="0.0001"}`, steady(0)],
    [`${name}_bucket{${joined}le="${bound}"}`, growing(600)],
    [`${name}_bucket{${joined}le="+Inf"}`, growing(600)],
  ];
}

export const ALERTS: readonly Alert[] = [
  {
    name: 'TollgateDown',
    urgency: 'page',
    expression: 'up{job="tollgate"} == 0',
    for: '1m',
    summary: 'Tollgate on {{ $labels.instance }} does not answer Prometheus',
    runbook:
      'The process is gone or its telemetry listener cannot be reached. While no server answers, gateways refuse every request with 503. Look whether the process runs and what it wrote last: a start that fails says why in one sentence (a port in use, a secret missing, a database of a newer version). Start it again; every committed credit, key and window longer than a minute is still there.',
    fires: [['up{job="tollgate",instance="a"}', steady(0)]],
    quiet: [['up{job="tollgate",instance="a"}', steady(1)]],
  },
  {
    name: 'TollgateNotReady',
    urgency: 'page',
    expression: 'tollgate_ready == 0',
    for: '2m',
    summary: 'Tollgate on {{ $labels.instance }} runs but cannot answer checks',
    runbook:
      'Ask /readyz of that server: it says what is not well. After a start it waits until every key has been read, a second for 10,000 keys. Later it is not ready only while it stops, or when the edge thread has not told anything for seconds: then look at how late the threads are, and restart it if the edge does not come back.',
    fires: [['tollgate_ready{instance="a"}', steady(0)]],
    quiet: [['tollgate_ready{instance="a"}', steady(1)]],
  },
  {
    name: 'TollgateOutages',
    urgency: 'page',
    expression: above(rateOf('tollgate_outages_total', ['api', 'dependency']), 0.1),
    for: '2m',
    summary: 'Requests to {{ $labels.api }} are refused because {{ $labels.dependency }} does not answer',
    runbook:
      'Clients get 503 in the words of their API. `credits` and `limits`: the store thread cannot commit; look for a full disk, a slow disk (panel "Store, 99 %") or another process that holds the database. `directory`: what the edge knows is older than max_staleness. `configuration`: a tier in the store that the configuration does not name. `capacity`: more checks at once than check.grpc.limits.checks; add a server or raise it. `tokens`: the keys of an issuer cannot be had. Credits that were charged for a request that was refused are booked back by themselves.',
    fires: [['tollgate_outages_total{api="a",dependency="credits"}', growing(60)]],
    quiet: [
      ['tollgate_outages_total{api="a",dependency="credits"}', steady(7)],
      ['tollgate_outages_total{api="b",dependency="limits"}', growing(1)],
    ],
  },
  {
    name: 'TollgateDegraded',
    urgency: 'page',
    expression: above(rateOf('tollgate_degraded_total', ['api', 'dependency']), 0),
    for: '5m',
    summary: 'Requests to {{ $labels.api }} pass without {{ $labels.dependency }}',
    runbook:
      'on_outage of this API lets requests pass while a dependency does not answer: nobody is refused, and nothing is counted or charged. The cause is that of TollgateOutages; the difference is that every minute of it is given away.',
    fires: [['tollgate_degraded_total{api="a",dependency="limits"}', growing(5)]],
    quiet: [['tollgate_degraded_total{api="a",dependency="limits"}', steady(5)]],
  },
  {
    name: 'TollgateBugs',
    urgency: 'ticket',
    expression: 'increase(tollgate_checks_total{decision="bug"}[10m]) > 0',
    for: '0m',
    summary: 'Tollgate answered 500: something in it is wrong',
    runbook:
      'Each bug is logged once, at level error, with the place in the code and nothing of the request. Please report that line. The request was refused, and what it had spent was given back.',
    fires: [['tollgate_checks_total{api="a",decision="bug",code="internal_error"}', growing(1)]],
    quiet: [['tollgate_checks_total{api="a",decision="allow",code="ok"}', growing(600)]],
  },
  {
    name: 'TollgateSlow',
    urgency: 'ticket',
    expression: above(quantileOf(0.99, 'tollgate_check_seconds', ['gateway']), 0.05),
    for: '10m',
    summary: 'One check in a hundred takes more than 50 ms',
    runbook:
      'Checks that cost credits wait for the store: compare "Store, 99 %". If that is fine, the edge thread is late: compare how full and how late the threads are. On a machine with few processors the gateway, the application and Tollgate take time from each other; a container with a CPU limit is stopped for the rest of each 100 ms in which it used its share.',
    fires: bucketed('tollgate_check_seconds', 'gateway="envoy-grpc"', '0.1'),
    quiet: bucketed('tollgate_check_seconds', 'gateway="envoy-grpc"', '0.005'),
  },
  {
    name: 'TollgateStoreFails',
    urgency: 'page',
    expression: above(measuredRateOf('tollgate_store_seconds', ['operation'], 'outcome!="ok"'), 0),
    for: '2m',
    summary: 'The store fails at {{ $labels.operation }}',
    runbook:
      'The database refuses work. The log says with which SQLite error it began: a full disk (make room; it goes on by itself), a database on a network disk (move it), a file that another program holds or has changed. Free routes go on; charged ones are refused.',
    fires: [
      ['tollgate_store_seconds_count{store="sqlite",operation="charge",outcome="outage"}', growing(30)],
    ],
    quiet: [['tollgate_store_seconds_count{store="sqlite",operation="charge",outcome="ok"}', growing(30)]],
  },
  {
    name: 'TollgateRevocationSlow',
    urgency: 'ticket',
    expression: above(quantileOf(0.99, 'tollgate_revocation_lag_seconds', []), 0.25),
    for: '10m',
    summary: 'Changes to keys and accounts take more than 250 ms to reach the edge',
    runbook:
      'For so long a revoked key may still pass. The edge takes changes over between checks: it is full or late (see the panels), or an import floods it. `keys revoke --wait` tells when a revocation has taken effect.',
    fires: bucketed('tollgate_revocation_lag_seconds', '', '1'),
    quiet: bucketed('tollgate_revocation_lag_seconds', '', '0.01'),
  },
  {
    name: 'TollgateKeySetOld',
    urgency: 'ticket',
    expression: 'max by (api, issuer) (tollgate_key_set_age_seconds) > 3600',
    for: '5m',
    summary:
      'The keys of {{ $labels.issuer }} for {{ $labels.api }} could not be fetched for more than an hour',
    runbook:
      'Tokens of this issuer are still believed, with the keys that were good last, until `stale` of its key set has passed (a day unless configured); after that they are an outage. tollgate_key_set_fetches_total says why: `connection` and `timeout` (the network, or an egress rule), `status`, `type` and `unusable` (something else answers there), `redirect` and `address` (not allowed to go there). If the issuer has changed its keys meanwhile, tokens under the new one are refused already.',
    fires: [['tollgate_key_set_age_seconds{api="a",issuer="clerk"}', growing(200)]],
    quiet: [['tollgate_key_set_age_seconds{api="a",issuer="clerk"}', steady(290)]],
  },
  {
    name: 'TollgateSaturated',
    urgency: 'ticket',
    expression: 'sum by (instance) (rate(tollgate_thread_busy_seconds_total{thread="edge"}[5m])) > 0.85',
    for: '10m',
    summary: 'The edge thread of {{ $labels.instance }} is full',
    runbook:
      'One thread decides, and it is nearly always busy: answers begin to wait for each other. Put another server beside it behind the gateway; each has its own database, so accounts and limits are not shared between them. If the load is a flood of bad credentials, refuse it before: a limit by address in the gateway costs less.',
    fires: [['tollgate_thread_busy_seconds_total{thread="edge",instance="a"}', growing(57)]],
    quiet: [
      ['tollgate_thread_busy_seconds_total{thread="edge",instance="a"}', growing(30)],
      ['tollgate_thread_busy_seconds_total{thread="main",instance="a"}', growing(60)],
    ],
  },
  {
    name: 'TollgateWindowsFull',
    urgency: 'page',
    expression: above(ratio(valueOf('tollgate_counters'), valueOf('tollgate_counters_max')), 0.8),
    for: '10m',
    summary: 'Four fifths of the room for limits on {{ $labels.instance }} is in use',
    runbook:
      'Each key and account takes a place for every window in which it counts, and keeps it for a window’s length after its last request. Where there is none left, a request that needs one is refused as an outage of limits. Raise counters.max (about 100 bytes each) and restart; saved windows are loaded again.',
    fires: [
      ['tollgate_counters{instance="a"}', steady(900)],
      ['tollgate_counters_max{instance="a"}', steady(1000)],
    ],
    quiet: [
      ['tollgate_counters{instance="a"}', steady(700)],
      ['tollgate_counters_max{instance="a"}', steady(1000)],
    ],
  },
  {
    name: 'TollgateKeysUnusable',
    urgency: 'ticket',
    expression: 'tollgate_stored_keys{pepper="(other)"} > 0',
    for: '5m',
    summary: '{{ $value }} keys are digested under a pepper that is not configured',
    runbook:
      'Nobody can use these keys: a retired pepper was taken out of the configuration before every key had been used under its successor. Put it back under secrets.pepper.retired, and take it out only when this metric shows no key under it.',
    fires: [['tollgate_stored_keys{pepper="(other)"}', steady(3)]],
    quiet: [
      ['tollgate_stored_keys{pepper="(other)"}', steady(0)],
      ['tollgate_stored_keys{pepper="p1"}', steady(9)],
    ],
  },
  {
    name: 'TollgateGatewayDisagrees',
    urgency: 'ticket',
    expression: 'sum by (api) (rate(tollgate_not_found_total{fault="other_api"}[5m])) > 0',
    for: '5m',
    summary: 'A gateway names another API than {{ $labels.api }}, to which the host belongs',
    runbook:
      'context_extensions.api (or api in Kong’s plugin) and the host of the request name different APIs, and Tollgate refuses with 404. A route was copied and its name was not changed, or a host was added to the wrong virtual host.',
    fires: [['tollgate_not_found_total{api="a",fault="other_api"}', growing(3)]],
    quiet: [['tollgate_not_found_total{api="a",fault="no_route"}', growing(300)]],
  },
  {
    name: 'TollgateGatewayUnreadable',
    urgency: 'ticket',
    expression: 'sum by (api) (rate(tollgate_ambiguous_requests_total{fault="unreadable"}[5m])) > 0',
    for: '5m',
    summary: 'A gateway in front of {{ $labels.api }} does not say what request it asks about',
    runbook:
      'The gateway’s question lacks the method, target, host or address that its dialect must state once each, and Tollgate refuses with 400. Its configuration differs from the recipe in deploy/, or clients can set these headers themselves: compare it, or run tollgate lint.',
    fires: [['tollgate_ambiguous_requests_total{api="a",fault="unreadable"}', growing(3)]],
    quiet: [['tollgate_ambiguous_requests_total{api="a",fault="path_segments"}', growing(300)]],
  },
  {
    name: 'TollgateConfigurationsDiffer',
    urgency: 'ticket',
    expression: 'count(count by (digest) (tollgate_config_info)) > 1',
    for: '30m',
    summary: 'Servers run on different configurations',
    runbook:
      'A roll-out stopped half-way: the same request may be answered differently. The panel "Running" and tollgate_config_info by instance say who has which; restart those with the old digest.',
    fires: [
      ['tollgate_config_info{digest="x",instance="a"}', steady(1)],
      ['tollgate_config_info{digest="y",instance="b"}', steady(1)],
    ],
    quiet: [
      ['tollgate_config_info{digest="x",instance="a"}', steady(1)],
      ['tollgate_config_info{digest="x",instance="b"}', steady(1)],
    ],
  },
  {
    name: 'TollgateRestarts',
    urgency: 'ticket',
    expression: 'changes(process_start_time_seconds{job="tollgate"}[30m]) > 3',
    for: '0m',
    summary: 'Tollgate on {{ $labels.instance }} starts again and again',
    runbook:
      'Each start loses the windows of a minute and less. Look at the end of the log before each start: a bug is logged at level error; out of memory is the supervisor’s word. Memory grows with keys, accounts and windows: the panel "What runs out?" tells which.',
    fires: [['process_start_time_seconds{job="tollgate",instance="a"}', growing(60)]],
    quiet: [['process_start_time_seconds{job="tollgate",instance="a"}', steady(1000)]],
  },
];
