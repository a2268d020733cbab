import type { ChargeOutcome, CreditCharge } from './domain/credits.ts';
import type { Dependency, RefusalCode } from './domain/decision.ts';
import type { FeedBatch, FeedCursor } from './domain/feed.ts';
import type { Limit, LimitCharge, LimitState } from './domain/limit.ts';
import type { Api } from './domain/policy.ts';
import type { Principal } from './domain/principal.ts';
import type { Report } from './domain/report.ts';
import type { AuthzRequest } from './domain/request.ts';
import type { Spending } from './domain/spending.ts';
import type { Now } from './domain/time.ts';

/** A value that is there already, or will be. Awaited only where it is a promise: a decision from memory costs no turn. */
export type Eventually<T> = T | Promise<T>;

/** Thrown by an adapter, on purpose and alone, when the dependency behind it does not answer. Everything else thrown is a bug. */
export class DependencyDown extends Error {
  override readonly name = 'DependencyDown';
  readonly dependency: Dependency;
  readonly reason: string;

  constructor(dependency: Dependency, reason: string) {
    super(`${dependency}: ${reason}`);
    this.dependency = dependency;
    this.reason = reason;
  }
}

export interface Clock {
  now(): Now;
}

/** Every key and account of every API, in memory. */
export interface Directory {
  /** The key presented to an API, in constant time over what is known; undefined for an unknown or revoked one. Hashes, but asks nobody. */
  find(api: Api, presentedKey: string): Principal | undefined;
}

/** What came of asking for several limits at once: all were taken, or none. */
export interface Taken {
  readonly granted: boolean;
  /** One for each charge, in the order of the charges. */
  readonly states: readonly LimitState[];
  /** When the take happened, on the store's own clock: names the use that `giveBack` undoes. */
  readonly takenAtMs: number;
}

/**
 * Counts allowed requests. No half-open interval of a limit's window ever holds more than its count.
 * Throws `DependencyDown('limits')` where it cannot count, for instance because its bounded memory is full.
 */
export interface CounterStore {
  /** Takes one use of every charge, or nothing. */
  take(charges: readonly LimitCharge[], now: Now): Eventually<Taken>;
  /** Undoes a granted take of the same charges. */
  giveBack(charges: readonly LimitCharge[], taken: Taken, now: Now): Eventually<void>;
  /** How the limits stand; changes nothing. */
  peek(charges: readonly LimitCharge[], now: Now): Eventually<readonly LimitState[]>;
}

/** What makes two checks the same check, sent twice by the gateway. */
export interface RepeatableCheck {
  readonly api: Api;
  readonly request: AuthzRequest;
  readonly principal: Principal;
  /** The limits the check asks for, in order. */
  readonly limits: readonly Limit[];
}

/** Remembers for seconds what checks spent, so that a gateway's retry spends nothing. Bounded; outages are not remembered. */
export interface Repeats {
  /** The first check's spending, whether done or under way; else that of `spend`. */
  once(check: RepeatableCheck, now: Now, spend: () => Eventually<Spending>): Eventually<Spending>;
}

/** Spends credits. Rejects with `DependencyDown('credits')` where it is not known that the charge was committed. */
export interface Credits {
  charge(charge: CreditCharge): Promise<ChargeOutcome>;
}

/** The hub as an edge sees it. */
export interface Hub extends Credits {
  /** Hands every batch of the feed to `apply`, in order; resolves once what stood at the start has been applied. A batch counts as confirmed when `apply` has returned. */
  follow(apply: (batch: FeedBatch) => void): Promise<void>;
  /** Counts, last uses, log lines. Never waits; loss costs a metric. */
  report(report: Report): void;
}

/** What an endpoint of ours needs to know of a request: decided by the same pipeline, spending nothing. Plain data. */
export interface Inspection {
  /** `ok`: every stage before limits and credits passed. */
  readonly code: 'ok' | RefusalCode;
  /** '' where unknown, as are the names below. */
  readonly api: string;
  readonly keyId: string;
  readonly account: string;
  readonly tier: string;
  /** How the limits stand; empty where they were not reached. */
  readonly limits: readonly LimitState[];
}

/** An edge as the hub sees it. */
export interface Edge {
  inspect(request: PlainRequest): Promise<Inspection>;
}

/** An `AuthzRequest` that can cross a thread. */
export interface PlainRequest extends Omit<AuthzRequest, 'headers'> {
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The feed at its source: the store's keys, accounts and changes, read in order. */
export interface FeedSource {
  /** What follows after a cursor, at most FEED_BATCH_MAX records; undefined when there is nothing new. */
  read(after: FeedCursor): FeedBatch | undefined;
}

/** The store as the link's hub end uses it: what must be done in order, on one thread. */
export interface Keeper extends FeedSource {
  /** Commits all charges of one turn in one transaction; outcomes in the order of the charges. */
  charge(charges: readonly CreditCharge[]): readonly ChargeOutcome[];
  /** Calls back after every change that this process made. */
  onChange(wake: () => void): void;
  /** True when another process has changed the store since the last call. */
  changedElsewhere(): boolean;
}
