/** What a rule looks at; `subjects.ts` says where in a file each is found. */
export type SubjectKind =
  | 'envoy manager'
  | 'envoy unchecked manager'
  | 'envoy check'
  | 'envoy check over grpc'
  | 'envoy check over http'
  | 'envoy check cluster'
  | 'envoy unchecked route'
  | 'envoy routes'
  | 'envoy gateway token'
  | 'kong plugin'
  | 'kong unchecked service'
  | 'kong other credential plugin'
  | 'kong other limit plugin'
  | 'kong transformer'
  | 'istio mesh'
  | 'istio check over grpc'
  | 'istio check over http'
  | 'istio exception'
  | 'envoy gateway check'
  | 'envoy gateway check over http'
  | 'envoy gateway clients';

/**
 * `unsafe`: somebody gets in who should not, or as somebody else. `mute`: the client does not see what its API promises.
 * `fragile`: right in peace, wrong under load, in an outage or in a restart.
 */
export type Severity = 'unsafe' | 'mute' | 'fragile';

/** Header names that only the configuration of Tollgate knows. */
export type HeaderSet = 'credential headers' | 'identity headers';

export type Expectation =
  /** One of these values; `undefined` among them: or absent. */
  | { readonly is: readonly (string | number | boolean | undefined)[] }
  | { readonly present: true }
  | { readonly absent: true }
  | { readonly matches: RegExp }
  /** A duration of at least `check.budget`, at most `atMostMs`. */
  | { readonly outlastsBudget: { readonly atMostMs: number }; readonly orAbsent?: true }
  /** A list of header names, patterns or matchers that covers all of these. */
  | { readonly covers: HeaderSet | readonly string[]; readonly orAbsent?: true }
  /** One that covers none of these. */
  | { readonly spares: HeaderSet }
  /** Of a list of types, the first stands before the second where both are there. */
  | { readonly order: readonly [string, string] }
  | { readonly atLeast: number }
  /** That there is such a thing at all is the fault. */
  | { readonly never: true };

/** What makes a gateway unsafe, mute or fragile in front of Tollgate. Data: nothing of a rule is code. */
export interface LintRule {
  readonly id: string;
  readonly on: SubjectKind;
  readonly severity: Severity;
  /** Below the subject; `*` stands for every item of a list. */
  readonly at: readonly string[];
  readonly expect: Expectation;
  /** What happens otherwise. */
  readonly why: string;
  /** The line to write. */
  readonly change: string;
}
