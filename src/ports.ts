import type { ChargeOutcome, ChargeReceipt, CreditCharge, Refund } from './domain/credits.ts';
import type { Dependency, RefusalCode } from './domain/decision.ts';
import type { EndpointName } from './domain/endpoint.ts';
import type { FeedBatch, FeedCursor } from './domain/feed.ts';
import type { LimitCharge, LimitState, Subject } from './domain/limit.ts';
import type { Api, Area } from './domain/policy.ts';
import type { Account, CredentialKind, Principal } from './domain/principal.ts';
import type { Reply } from './domain/reply.ts';
import type { Report } from './domain/report.ts';
import type { AuthzRequest, PlainRequest } from './domain/request.ts';
import type { KeySigner, Session, SessionKey } from './domain/session.ts';
import type { Spending } from './domain/spending.ts';
import type { Now } from './domain/time.ts';
import type { TokenFault, VerifiedToken } from './domain/token.ts';
import type { WindowBatch } from './domain/window-batch.ts';

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
  /** The monotonic side of `now` alone, for durations; absent: whoever asks reads both. */
  monotonicMs?(): number;
}

/** Every key and account of every API, in memory. */
export interface Directory {
  /** The key presented to an API, in constant time over what is known; undefined for an unknown or revoked one. Hashes, but asks nobody. */
  find(api: Api, presentedKey: string): Principal | undefined;
}

/** Whom a verified token speaks for, in memory: asked at every check, so that what ended is dead at once. */
export interface TokenSubjects {
  /** The unrevoked key of that id. */
  findKey(api: Api, keyId: string): Principal | undefined;
  /** `subject`: what `subjectOf` makes of the API's name and the account's (lib/subject.ts). */
  findAccount(api: Api, accountId: string, subject: Subject): Account | undefined;
  /** The session of that id, unless it or its key is gone. */
  findSession(api: Api, sessionId: string): Session | undefined;
}

/** What signatures are verified with, as far as the hub keeps it. */
export interface TokenKeys {
  /** The API key named by its id or, where a token names none, those of an account: at most KEY_SIGNERS_MAX, the newest first, none that is revoked or expired. */
  findSigners(
    api: Api,
    by: { readonly keyId: string } | { readonly account: string },
    now: Now,
  ): readonly KeySigner[];
  findSessionKey(api: Api, kid: string): SessionKey | undefined;
}

/** Believes a token, or says which rule it breaks. Only a whole verification is a `VerifiedToken`. */
export interface TokenVerifier {
  /**
   * A value at once for a token seen before. Throws or rejects with `DependencyDown('tokens')` where the issuer's keys cannot be had,
   * at the latest after `withinMs`.
   */
  verify(api: Api, token: string, now: Now, withinMs?: number): Eventually<VerifiedToken | TokenFault>;
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
  /** What the check takes of limits, in order. */
  readonly charges: readonly LimitCharge[];
}

/** Remembers for seconds what checks spent, so that a gateway's retry spends nothing. Bounded; outages are not remembered. */
export interface Repeats {
  /** The first check's spending, whether done or under way; else that of `spend`. */
  once(check: RepeatableCheck, now: Now, spend: () => Eventually<Spending>): Eventually<Spending>;
}

/** Spends credits. Rejects with `DependencyDown('credits')` where it is not known that the charge was committed. */
export interface Credits {
  /**
   * Rejects at the latest at `untilMs`, on the monotonic clock of the checks, and sooner where the budget of a check is less;
   * a charge that is committed after that is booked back.
   */
  charge(charge: CreditCharge, untilMs?: number): Promise<ChargeOutcome>;
}

/** The hub as an edge sees it. */
export interface Hub extends Credits {
  /** Hands every batch of the feed to `apply`, in order; resolves once what stood at the start has been applied. A batch counts as confirmed when `apply` has returned. */
  follow(apply: (batch: FeedBatch) => void): Promise<void>;
  /** Counts, last uses, log lines. Never waits; loss costs a metric. */
  report(report: Report): void;
  /** Resolves once the windows are kept in place of what was kept of them; one batch at a time. Rejects with `DependencyDown('limits')` where it is not known that they are. */
  keep(windows: WindowBatch): Promise<void>;
  /** Hands every window that was kept to `restore`, batch by batch; resolves after the last. Rejects with `DependencyDown('limits')`. */
  loadKept(restore: (windows: WindowBatch) => void): Promise<void>;
  /** For the end, when no check is open: true once every charge is answered and all that came too late is in the hub's hands and told; false where that is not so within this time, in milliseconds. */
  settleCharges(withinMs: number): Promise<boolean>;
}

/** What an endpoint of ours needs to know of a request: decided by the same pipeline, spending nothing. Plain data. */
export interface Inspection {
  /** `ok`: every stage before limits and credits passed. */
  readonly code: 'ok' | RefusalCode;
  /** '' where unknown, as are the names below. */
  readonly api: string;
  readonly credential: CredentialKind | '';
  /** `ses_` and 24 hexadecimal digits; '' for all but a session. */
  readonly sessionId: string;
  readonly keyId: string;
  readonly account: string;
  readonly tier: string;
  /** How the limits stand; empty where they were not reached. */
  readonly limits: readonly LimitState[];
  /** Wall time of the key's latest check as far as the store may not know it yet; null where there was none lately. An inspection is no use. */
  readonly lastUsedMs: number | null;
}

/** An edge as the hub sees it. */
export interface Edge {
  inspect(request: PlainRequest): Promise<Inspection>;
}

/** What our own endpoints need of the policy, wherever they run: where they are, and how their API refuses. */
export interface EndpointPlaces {
  /** The endpoint at which a request is aimed, or why it is aimed at none of ours, whatever else may be there. */
  find(request: AuthzRequest): EndpointPlace | OtherMethod | RefusalCode;
  /** The refusal in the words and headers of the request's API, as a check would get it. */
  refuse(request: AuthzRequest, code: RefusalCode): Reply;
}

export interface EndpointPlace {
  readonly api: Api;
  /** Whose credentials open it. */
  readonly area: Area;
  readonly name: EndpointName;
  /** The client's, as allowlists know it; '' where it cannot be read. */
  readonly clientAddress: string;
}

/** An endpoint of ours is there, but not by the request's method. */
export interface OtherMethod {
  readonly api: Api;
  readonly name: EndpointName;
  /** Value of the field `Allow` (RFC 9110 §10.2.1). */
  readonly allow: string;
}

/** The feed at its source: the store's keys, accounts and changes, read in order. */
export interface FeedSource {
  /** What follows after a cursor, at most FEED_BATCH_MAX records; undefined when there is nothing new. */
  read(after: FeedCursor): FeedBatch | undefined;
}

/** A part of the windows that were kept. */
export interface KeptPage {
  /** With the clocks as they were told last. */
  readonly windows: WindowBatch;
  /** Where the next page begins; undefined on the last. */
  readonly next: number | undefined;
}

/** The store as the link's hub end uses it: what must be done in order, on one thread. */
export interface Keeper extends FeedSource {
  /** Commits all charges of one turn in one transaction; outcomes in the order of the charges. */
  charge(charges: readonly CreditCharge[]): readonly ChargeReceipt[];
  /** Tidies up behind charges that were answered, for some milliseconds, on a slow disk more; changes nothing that anybody is told. Throws `DependencyDown('credits')`. */
  bookCharges(): void;
  /** Books charges back in one transaction: all, or by `DependencyDown('credits')` none. */
  refund(refunds: readonly Refund[]): void;
  /** Keeps windows in place of what was kept of them, in one transaction of some milliseconds at most, and tidies up now and then. Throws `DependencyDown('limits')`. */
  keepWindows(windows: WindowBatch): void;
  /** Windows that were kept, from a page's `next` on, 0 for the first; undefined where none ever was. They may have ended since. Throws `DependencyDown('limits')`. */
  loadWindows(from: number): KeptPage | undefined;
  /** Calls back after every change that this process made. */
  onChange(wake: () => void): void;
  /** True when another process has changed the store since the last call. */
  changedElsewhere(): boolean;
}
