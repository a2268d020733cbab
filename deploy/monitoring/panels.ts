import { orZero, quantileOf, rateOf, ratio, valueOf } from './queries.ts';
import type { Query } from './queries.ts';

export interface Panel {
  readonly title: string;
  /** What a reader should conclude from it. */
  readonly says: string;
  readonly unit: 'none' | 's' | 'bytes' | 'ops' | 'percentunit';
  readonly shows: 'now' | 'course';
  readonly queries: readonly { readonly legend: string; readonly query: Query }[];
}

export interface Row {
  readonly question: string;
  readonly panels: readonly Panel[];
}

/** The board: five questions, answered from top to bottom. */
export const BOARD: readonly Row[] = [
  {
    question: 'Is it up?',
    panels: [
      {
        title: 'Ready',
        says: '1 for each server that can answer checks.',
        unit: 'none',
        shows: 'now',
        queries: [{ legend: '{{instance}}', query: valueOf('tollgate_ready') }],
      },
      {
        title: 'Running',
        says: 'Version of Tollgate and of Node, by server.',
        unit: 'none',
        shows: 'now',
        queries: [
          {
            legend: '{{version}}, Node {{node}}',
            query: valueOf('tollgate_build_info', ['version', 'node']),
          },
        ],
      },
      {
        title: 'Checks, by decision',
        says: 'outage and bug are nobody’s decision: they should be flat at zero.',
        unit: 'ops',
        shows: 'course',
        queries: [{ legend: '{{decision}}', query: rateOf('tollgate_checks_total', ['decision']) }],
      },
      {
        title: 'The gateway’s connections and calls',
        says: 'How many connections it keeps, and how many checks are under way.',
        unit: 'none',
        shows: 'course',
        queries: [
          { legend: '{{instance}} connections', query: valueOf('tollgate_grpc_connections') },
          { legend: '{{instance}} calls', query: valueOf('tollgate_grpc_calls') },
        ],
      },
    ],
  },
  {
    question: 'How fast?',
    panels: [
      {
        title: 'Check, median and 99 %',
        says: 'From the parsed request to the rendered answer, the wait for credits included.',
        unit: 's',
        shows: 'course',
        queries: [
          { legend: '{{gateway}} 50 %', query: quantileOf(0.5, 'tollgate_check_seconds', ['gateway']) },
          { legend: '{{gateway}} 99 %', query: quantileOf(0.99, 'tollgate_check_seconds', ['gateway']) },
        ],
      },
      {
        title: 'Store, 99 %',
        says: '`charge` is what a charged check waits for.',
        unit: 's',
        shows: 'course',
        queries: [
          { legend: '{{operation}}', query: quantileOf(0.99, 'tollgate_store_seconds', ['operation']) },
        ],
      },
      {
        title: 'How full the threads are',
        says: 'The edge thread decides: above 85 % checks wait for each other.',
        unit: 'percentunit',
        shows: 'course',
        queries: [{ legend: '{{thread}}', query: rateOf('tollgate_thread_busy_seconds_total', ['thread']) }],
      },
      {
        title: 'How late the threads are, 99 %',
        says: 'A late edge thread is a late answer.',
        unit: 's',
        shows: 'course',
        queries: [
          {
            legend: '{{thread}}',
            query: quantileOf(0.99, 'tollgate_event_loop_delay_seconds', ['thread']),
          },
        ],
      },
    ],
  },
  {
    question: 'Who is refused, and why?',
    panels: [
      {
        title: 'Refusals, by API and reason',
        says: 'The code is the one of the access log.',
        unit: 'ops',
        shows: 'course',
        queries: [
          {
            legend: '{{api}} {{code}}',
            query: rateOf('tollgate_checks_total', ['api', 'code'], 'decision!="allow"'),
          },
        ],
      },
      {
        title: 'Invalid credentials, by fault',
        says: 'Clients see one and the same answer; this is what was wrong.',
        unit: 'ops',
        shows: 'course',
        queries: [
          {
            legend: '{{api}} {{fault}}',
            query: orZero(rateOf('tollgate_invalid_credentials_total', ['api', 'fault'])),
          },
        ],
      },
      {
        title: 'Refusals by limits',
        says: 'By the limit that waits longest.',
        unit: 'ops',
        shows: 'course',
        queries: [
          {
            legend: '{{api}} {{window}}',
            query: orZero(rateOf('tollgate_limit_denials_total', ['api', 'window'])),
          },
        ],
      },
      {
        title: 'Ambiguous requests, by what is ambiguous',
        says: 'Two servers could read them differently. unreadable: the gateway’s recipe does not say all that it must.',
        unit: 'ops',
        shows: 'course',
        queries: [
          {
            legend: '{{api}} {{fault}}',
            query: orZero(rateOf('tollgate_ambiguous_requests_total', ['api', 'fault'])),
          },
        ],
      },
      {
        title: 'Not found, by what is missing',
        says: 'other_api: a gateway’s route names another API than its host.',
        unit: 'ops',
        shows: 'course',
        queries: [
          {
            legend: '{{api}} {{fault}}',
            query: orZero(rateOf('tollgate_not_found_total', ['api', 'fault'])),
          },
        ],
      },
      {
        title: 'Credits spent',
        says: 'Credits charged a second.',
        unit: 'ops',
        shows: 'course',
        queries: [{ legend: '{{api}}', query: orZero(rateOf('tollgate_credits_spent_total', ['api'])) }],
      },
      {
        title: 'Connections and calls refused',
        says: 'What a gateway did that the listener does not take: a mistake of its configuration, or no gateway.',
        unit: 'ops',
        shows: 'course',
        queries: [
          { legend: '{{reason}}', query: orZero(rateOf('tollgate_grpc_refusals_total', ['reason'])) },
          { legend: 'http {{reason}}', query: orZero(rateOf('tollgate_http_refusals_total', ['reason'])) },
        ],
      },
    ],
  },
  {
    question: 'What is degraded?',
    panels: [
      {
        title: 'Outages, by dependency',
        says: 'Checks refused because something did not answer.',
        unit: 'ops',
        shows: 'course',
        queries: [
          {
            legend: '{{api}} {{dependency}}',
            query: orZero(rateOf('tollgate_outages_total', ['api', 'dependency'])),
          },
        ],
      },
      {
        title: 'Let through without a dependency',
        says: 'Checks that `on_outage` let pass.',
        unit: 'ops',
        shows: 'course',
        queries: [
          {
            legend: '{{api}} {{dependency}}',
            query: orZero(rateOf('tollgate_degraded_total', ['api', 'dependency'])),
          },
        ],
      },
      {
        title: 'From a change to the edge, 99 %',
        says: 'How long a revoked key may still pass: promised are 250 ms.',
        unit: 's',
        shows: 'course',
        queries: [{ legend: '99 %', query: quantileOf(0.99, 'tollgate_revocation_lag_seconds', []) }],
      },
      {
        title: 'What a kill would forget',
        says: 'Windows, a second’s worth at most, and last uses on their way to the store, which the edge gathers for 15 seconds before.',
        unit: 'none',
        shows: 'course',
        queries: [
          { legend: '{{instance}} windows', query: valueOf('tollgate_windows_unkept') },
          { legend: '{{instance}} last uses', query: valueOf('tollgate_write_behind_pending') },
        ],
      },
      {
        title: 'Repeated checks',
        says: 'The gateway asked again: restarts, time-outs.',
        unit: 'ops',
        shows: 'course',
        queries: [{ legend: '{{api}}', query: orZero(rateOf('tollgate_repeats_total', ['api'])) }],
      },
      {
        title: 'Age of the issuers’ key sets',
        says: 'Since the last good fetch: every five minutes while all is well, and worth a day of outage.',
        unit: 's',
        shows: 'course',
        queries: [
          {
            legend: '{{api}} {{issuer}}',
            query: orZero(valueOf('tollgate_key_set_age_seconds', ['api', 'issuer'])),
          },
        ],
      },
      {
        title: 'Fetches of key sets that failed',
        says: 'By what came of them; the last good set serves on.',
        unit: 'ops',
        shows: 'course',
        queries: [
          {
            legend: '{{api}} {{issuer}} {{outcome}}',
            query: orZero(
              rateOf('tollgate_key_set_fetches_total', ['api', 'issuer', 'outcome'], 'outcome!="ok"'),
            ),
          },
        ],
      },
    ],
  },
  {
    question: 'What runs out?',
    panels: [
      {
        title: 'Windows, share in use',
        says: 'At 100 % a check that needs another window is an outage of limits.',
        unit: 'percentunit',
        shows: 'course',
        queries: [
          {
            legend: '{{instance}}',
            query: ratio(valueOf('tollgate_counters'), valueOf('tollgate_counters_max')),
          },
        ],
      },
      {
        title: 'Keys and accounts',
        says: 'In the edge’s memory, about 100 bytes each.',
        unit: 'none',
        shows: 'course',
        queries: [
          { legend: '{{instance}} keys', query: valueOf('tollgate_keys') },
          { legend: '{{instance}} accounts', query: valueOf('tollgate_accounts') },
        ],
      },
      {
        title: 'Sessions and tokens',
        says: 'Sessions that live, and verified tokens that are remembered: 65,536 at most.',
        unit: 'none',
        shows: 'course',
        queries: [
          { legend: '{{instance}} sessions', query: valueOf('tollgate_sessions') },
          { legend: '{{instance}} tokens', query: valueOf('tollgate_tokens_remembered') },
        ],
      },
      {
        title: 'Keys, by pepper',
        says: 'A retired pepper may leave the configuration when no key is left under it.',
        unit: 'none',
        shows: 'course',
        queries: [{ legend: '{{pepper}}', query: valueOf('tollgate_stored_keys', ['pepper']) }],
      },
      {
        title: 'Memory',
        says: 'Resident memory of the process, the heaps of its threads, and what waits on the gateway’s connections.',
        unit: 'bytes',
        shows: 'course',
        queries: [
          { legend: '{{instance}} resident', query: valueOf('process_resident_memory_bytes') },
          { legend: '{{instance}} waiting', query: valueOf('tollgate_grpc_waiting_bytes') },
          { legend: 'heap of {{thread}}', query: valueOf('tollgate_heap_used_bytes', ['thread']) },
        ],
      },
      {
        title: 'CPU',
        says: 'Processors in use by the whole process.',
        unit: 'none',
        shows: 'course',
        queries: [{ legend: 'processors', query: rateOf('process_cpu_seconds_total', []) }],
      },
    ],
  },
];
