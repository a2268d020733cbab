import type { CredentialFault, Dependency, PlaceFault, RefusalCode, RequestFault } from './decision.ts';

/** Name (lower case) and value of a header. */
export type HeaderPair = readonly [name: string, value: string];

/**
 * The whole answer to a check, ready for any gateway's wire. The gateway acts on `allowed` alone.
 * What does not differ from an earlier answer is the same object as there and never written to, so that a wire may keep its bytes by
 * identity: a whole refusal in which nothing is the request's, the headers of a refusal, what the upstream gets of a key, a limit's policy.
 */
export interface Reply {
  readonly allowed: boolean;
  /** `ok`, or why not: the label under which the check is counted. */
  readonly code: 'ok' | RefusalCode;
  /** The API's name; '' where the host names none. */
  readonly api: string;
  /** HTTP status of a refusal; 200 on an allow. */
  readonly status: number;
  /** On a refusal all headers of the answer; on an allow what the upstream's answer gets in addition. */
  readonly clientHeaders: readonly HeaderPair[];
  /** Body of a refusal; '' on an allow. */
  readonly body: string;
  /** The refusal in one plain sentence, for gRPC clients; '' on an allow. */
  readonly message: string;
  /** Headers the upstream receives in place of whatever the client sent under these names. */
  readonly upstreamSet: readonly HeaderPair[];
  /** Headers the upstream must not receive. */
  readonly upstreamRemove: readonly string[];
  /** For access logs: never a secret. '' where unknown. */
  readonly keyId: string;
  readonly account: string;
  readonly tier: string;
  /** Which rule a credential broke, or what does not exist: clients are told the code's words alone. */
  readonly fault?: RequestFault | CredentialFault | PlaceFault | undefined;
  readonly degraded?: Dependency | undefined;
  /** The same object with every allow that differs from this one in `clientHeaders` and `degraded` alone; undefined where none is known to. */
  readonly alike?: Alike | undefined;
}

/** Where a wire keeps what it has made of an allow, for all that are alike. */
export interface Alike {
  made: MadeOfAllow | undefined;
}

export interface MadeOfAllow {
  /** Of `upstreamSet` and `upstreamRemove`. */
  readonly upstream: Uint8Array;
  /** Of what access logs are told. */
  readonly metadata: Uint8Array;
}
