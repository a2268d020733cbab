import type { KeySetOutcome } from '../../domain/measurements.ts';
import { MINUTE_MS, SECOND_MS } from '../../domain/time.ts';
import type { Now } from '../../domain/time.ts';
import type { KeySetSource } from '../../domain/token.ts';
import { DependencyDown } from '../../ports.ts';
import type { Clock } from '../../ports.ts';
import type { FetchKeySet } from './fetch-key-set.ts';
import { hasKeyOfName, selectKey } from './issuer-keys.ts';
import type { IssuerKeys, WantedKey } from './issuer-keys.ts';
import { parseKeySet } from './key-set-text.ts';
import type { After, Cancel } from './timers.ts';
import type { VerifyingKey } from './verifying-key.ts';

/** From one fetch of a set to the next, whoever asks for it. */
export const FETCH_INTERVAL_MIN_MS = 30 * SECOND_MS;
/** How old a set becomes before it is fetched again unasked. */
export const REFRESH_MS = 5 * MINUTE_MS;
/** Checks that wait for one fetch; further ones are told at once that the keys cannot be had. */
export const WAITING_MAX = 256;

export interface RemoteKeysOptions {
  readonly source: Extract<KeySetSource, { readonly from: 'url' }>;
  readonly fetchKeySet: FetchKeySet;
  readonly clock: Clock;
  readonly after: After;
  /** Told of every fetch that ended. */
  readonly onFetched: (outcome: KeySetOutcome) => void;
}

export interface RemoteKeys extends IssuerKeys {
  /** Fetches the set now and again and again; resolves when the first fetch has ended, however it did. */
  start(): Promise<void>;
  /** Since the latest good fetch, in milliseconds; undefined before the first. */
  ageMs(now: Now): number | undefined;
  readonly keyCount: number;
  close(): void;
}

/**
 * The keys behind a URL, fetched beside the checks: the last good set serves for `staleMaxMs`, whatever comes or does not come after it.
 * A token with an unknown `kid` may have the set fetched, and wait for it, where the latest fetch began FETCH_INTERVAL_MIN_MS ago.
 */
export class RemoteKeySet implements RemoteKeys {
  private readonly options: RemoteKeysOptions;
  private readonly closing = new AbortController();
  private keys: readonly VerifyingKey[] = [];
  private text = '';
  private versions = 0;
  private goodAtMs: number | undefined;
  private startedAtMs = Number.NEGATIVE_INFINITY;
  private latest: KeySetOutcome = 'ok';
  private underWay: Promise<void> | undefined;
  private waiting = 0;
  private cancelNext: Cancel = () => undefined;

  constructor(options: RemoteKeysOptions) {
    this.options = options;
  }

  get version(): number {
    return this.versions;
  }

  get keyCount(): number {
    return this.keys.length;
  }

  start(): Promise<void> {
    return this.fetchOrJoin(this.options.clock.now()) ?? Promise.resolve();
  }

  close(): void {
    this.closing.abort();
    this.cancelNext();
  }

  ageMs(now: Now): number | undefined {
    return this.goodAtMs === undefined ? undefined : now.monotonicMs - this.goodAtMs;
  }

  serves(now: Now): boolean {
    const ageMs = this.ageMs(now);
    return ageMs !== undefined && ageMs <= this.options.source.staleMaxMs;
  }

  find(
    wanted: WantedKey,
    now: Now,
    withinMs: number,
  ): VerifyingKey | undefined | Promise<VerifyingKey | undefined> {
    if (this.serves(now) && hasKeyOfName(this.keys, wanted.keyId)) return selectKey(this.keys, wanted);
    const fetched = this.fetchOrJoin(now);
    if (fetched === undefined) return this.findAfterFetch(wanted, now);
    if (this.waiting >= WAITING_MAX)
      throw new DependencyDown('tokens', 'too many checks wait for the key set');
    return this.wait(fetched, withinMs).then(() => this.findAfterFetch(wanted, now));
  }

  /** With nothing left to try. Where the latest set could not be had, an unknown name may well be a new key's. */
  private findAfterFetch(wanted: WantedKey, now: Now): VerifyingKey | undefined {
    if (!this.serves(now))
      throw new DependencyDown('tokens', 'there is no key set young enough to be relied on');
    if (!hasKeyOfName(this.keys, wanted.keyId) && this.latest !== 'ok') {
      throw new DependencyDown('tokens', 'the newest key set cannot be had');
    }
    return selectKey(this.keys, wanted);
  }

  private async wait(fetched: Promise<void>, withinMs: number): Promise<void> {
    const late = Promise.withResolvers<never>();
    const cancel = this.options.after(withinMs, () =>
      late.reject(new DependencyDown('tokens', 'the key set did not come in time')),
    );
    this.waiting += 1;
    try {
      await Promise.race([fetched, late.promise]);
    } finally {
      cancel();
      this.waiting -= 1;
    }
  }

  /** The fetch under way or a new one; undefined where the latest began too short a time ago. */
  private fetchOrJoin(now: Now): Promise<void> | undefined {
    if (this.underWay !== undefined) return this.underWay;
    if (now.monotonicMs - this.startedAtMs < FETCH_INTERVAL_MIN_MS || this.closing.signal.aborted)
      return undefined;
    this.startedAtMs = now.monotonicMs;
    this.cancelNext();
    this.underWay = this.fetchOnce();
    return this.underWay;
  }

  private async fetchOnce(): Promise<void> {
    const { fetchKeySet, source, clock, after, onFetched } = this.options;
    const fetched = await fetchKeySet(source, this.closing.signal).finally(() => (this.underWay = undefined));
    if (this.closing.signal.aborted) return;
    const now = clock.now();
    this.latest = typeof fetched === 'string' ? fetched : this.take(fetched.text, now);
    const delayMs = this.latest === 'ok' ? REFRESH_MS : FETCH_INTERVAL_MIN_MS;
    this.cancelNext = after(delayMs, () => void this.fetchOrJoin(clock.now()));
    onFetched(this.latest);
  }

  private take(text: string, now: Now): KeySetOutcome {
    if (text !== this.text) {
      const keys = parseKeySet(text);
      if (keys === undefined) return 'unusable';
      this.keys = keys;
      this.text = text;
      this.versions += 1;
    }
    this.goodAtMs = now.monotonicMs;
    return 'ok';
  }
}
