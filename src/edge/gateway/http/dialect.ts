import type { HeaderPair, Reply } from '../../../domain/reply.ts';
import type { AuthzRequest, HttpDialect } from '../../../domain/request.ts';
import type { HeaderLine } from '../../../lib/header-lines.ts';

/** A gateway's request to us, as it came: nothing joined, nothing dropped. */
export interface GatewayMessage {
  readonly method: string;
  /** Path and query of the request line. */
  readonly target: string;
  /** Without the gateway's token. */
  readonly lines: readonly HeaderLine[];
  /** Empty where the dialect takes none. */
  readonly body: Buffer;
}

/** What a gateway gets back; names are lower case, values and body go out in the framing of HTTP/1.1. */
export interface GatewayAnswer {
  readonly status: number;
  readonly headers: readonly HeaderPair[];
  readonly body: string;
}

/** How one gateway asks and is answered. Both directions are pure. */
export interface Dialect {
  readonly name: HttpDialect;
  /** What a question may bring as a body; 0: none, and one that comes is not read. */
  readonly bodyBytesMax: number;
  /**
   * The client's request in Tollgate's words. Where what the gateway must say is absent or said twice, a request that the
   * pipeline refuses as ambiguous (`createUnreadable`); undefined where there is nothing that could be answered in any API's words.
   */
  readonly fromMessage: (message: GatewayMessage) => AuthzRequest | undefined;
  /** Throws where the reply contradicts itself or holds what must not go out; the gateway then gets an outage. */
  readonly toAnswer: (reply: Reply, request: AuthzRequest) => GatewayAnswer;
}
