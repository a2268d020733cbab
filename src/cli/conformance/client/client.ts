/** A header as it is sent: name in the client's own spelling. */
export type SentHeader = readonly [name: string, value: string];

/** A request as the API's client sends it. */
export interface SentRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Without Host. Values hold one character a byte. */
  readonly headers: readonly SentHeader[];
  readonly peer: string;
  readonly namedApi: string;
  readonly protocol: 'http' | 'grpc';
  /** `repeat`: the gateway asks about the request before once more. */
  readonly attempt: 'first' | 'repeat';
}

/** What came of it, as the client and the upstream see it. */
export interface SeenAnswer {
  readonly status: number;
  /** `name: value` of every header that Tollgate answers with, sorted. */
  readonly headers: readonly string[];
  readonly body: string;
  /** The request's id as the client can know it. */
  readonly requestId: string;
  /** `name: value` of every header at the upstream, in lower case, sorted; undefined where the request never got there. */
  readonly upstream: readonly string[] | undefined;
}

/** A way to put a request to Tollgate. */
export interface Client {
  ask(request: SentRequest): Promise<SeenAnswer>;
}

/** `name: value`, the name in lower case, in one order. */
export function toSortedLines(headers: Iterable<SentHeader>): readonly string[] {
  return [...headers].map(([name, value]) => `${name.toLowerCase()}: ${value}`).sort();
}
