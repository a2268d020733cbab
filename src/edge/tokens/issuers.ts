import { KEY_SET_OUTCOMES } from '../../domain/measurements.ts';
import type { Increment, KeySetOutcome, Level } from '../../domain/measurements.ts';
import type { Api } from '../../domain/policy.ts';
import type { Note } from '../../domain/report.ts';
import { SECOND_MS } from '../../domain/time.ts';
import type { IssuerRules } from '../../domain/token.ts';
import type { Clock } from '../../ports.ts';
import { createKeySetFetcher } from './fetch-key-set.ts';
import type { FetchKeySet } from './fetch-key-set.ts';
import { createFixedKeys } from './fixed-keys.ts';
import type { Issuer } from './issuer-token.ts';
import { RemoteKeySet } from './remote-keys.ts';
import { afterOnRuntime } from './timers.ts';
import type { After } from './timers.ts';

export interface IssuersOptions {
  readonly apis: readonly Api[];
  readonly clock: Clock;
  readonly onNote: (note: Note) => void;
  readonly fetchKeySet?: FetchKeySet;
  readonly after?: After;
}

/** The issuers outside that the APIs know, each with a key set that no other shares. */
export interface Issuers {
  find(api: Api, iss: string): Issuer | undefined;
  start(): Promise<void>;
  measure(): { readonly increments: readonly Increment[]; readonly levels: readonly Level[] };
  close(): void;
}

/** A key set from a URL, and what came of its fetches. */
interface Remote {
  readonly labels: { readonly api: string; readonly issuer: string };
  readonly keys: RemoteKeySet;
  readonly outcomes: Map<KeySetOutcome, number>;
}

export function createIssuers(options: IssuersOptions): Issuers {
  const { apis, clock, onNote } = options;
  const remotes: Remote[] = [];
  const byApi = new Map(
    apis.map((api) => [
      api,
      new Map(api.tokens.issuers.map((rules) => [rules.issuer, toIssuer(api, rules)])),
    ]),
  );

  function toIssuer(api: Api, rules: IssuerRules): Issuer {
    const labels = { api: api.name, issuer: rules.name };
    if (rules.keys.from === 'fixed') {
      const keys = createFixedKeys(rules.keys.text);
      if (!keys.serves(clock.now())) onNote({ ...UNUSABLE, fields: labels });
      return { rules, keys };
    }
    const remote = createRemote(labels, rules.keys, options);
    remotes.push(remote);
    return { rules, keys: remote.keys };
  }

  return {
    find: (api, iss) => byApi.get(api)?.get(iss),
    async start() {
      await Promise.all(remotes.map(({ keys }) => keys.start()));
    },
    measure() {
      const now = clock.now();
      return {
        increments: remotes.flatMap(drainFetches),
        levels: remotes.flatMap(({ labels, keys }): Level[] => [
          { metric: 'tollgate_key_set_keys', labels, value: keys.keyCount },
          {
            metric: 'tollgate_key_set_age_seconds',
            labels,
            value: (keys.ageMs(now) ?? Infinity) / SECOND_MS,
          },
        ]),
      };
    },
    close() {
      for (const { keys } of remotes) keys.close();
    },
  };
}

function createRemote(
  labels: Remote['labels'],
  source: Extract<IssuerRules['keys'], { readonly from: 'url' }>,
  { clock, onNote, fetchKeySet = createKeySetFetcher(), after = afterOnRuntime }: IssuersOptions,
): Remote {
  // At first every outcome is told of as 0: a counter that appears with its first event has no rate.
  const outcomes = new Map(KEY_SET_OUTCOMES.map((outcome) => [outcome, 0]));
  let told: State = 'well';
  const onFetched = (outcome: KeySetOutcome): void => {
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    const state = outcome === 'ok' ? 'well' : keys.serves(clock.now()) ? 'serving_on' : 'down';
    // Told when it changes, not every 30 seconds.
    if (state !== told) onNote({ ...NOTES[state], fields: { ...labels, outcome } });
    told = state;
  };
  const keys = new RemoteKeySet({ source, fetchKeySet, clock, after, onFetched });
  return { labels, keys, outcomes };
}

const UNUSABLE = {
  level: 'error',
  message: 'none of the configured keys of an issuer can be used: its tokens are refused as an outage',
} as const;

/** How a key set is, as far as its issuer's tokens are concerned. */
type State = 'well' | 'serving_on' | 'down';

const NOTES: Readonly<Record<State, Pick<Note, 'level' | 'message'>>> = {
  well: { level: 'info', message: 'a key set can be had again' },
  serving_on: { level: 'warn', message: 'a key set cannot be had: the last good one serves on' },
  down: {
    level: 'error',
    message: 'a key set cannot be had: tokens of its issuer are refused as an outage',
  },
};

function drainFetches({ labels, outcomes }: Remote): Increment[] {
  const increments = [...outcomes].map(([outcome, by]): Increment => ({
    metric: 'tollgate_key_set_fetches_total',
    labels: { ...labels, outcome },
    by,
  }));
  outcomes.clear();
  return increments;
}
