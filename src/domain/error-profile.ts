import type { RefusalCode } from './decision.ts';

/**
 * How one API words its refusals, compiled from its configuration.
 * Every refusal has a row; a body is literal JSON text with holes that are filled per request.
 */
export interface ErrorProfile {
  readonly rows: Readonly<Record<RefusalCode, ErrorRow>>;
}

export interface ErrorRow {
  readonly status: number;
  readonly contentType: string;
  /** The API's own sentence, for clients that cannot read the body (gRPC). */
  readonly message: string;
  readonly body: readonly BodyPart[];
}

/** A piece of a body: literal text, or a value that only the request knows. */
export type BodyPart = string | { readonly hole: BodyHole };

/** `request_id` and `ts` become JSON strings, the seconds JSON numbers (`null` where waiting does not help). */
export type BodyHole = 'request_id' | 'ts' | 'retry_after_seconds';
