import { FIELD_OVERHEAD_BYTES } from './hpack-limits.ts';

/** What a field is to us: all that a request's check asks of a name. */
export const ROLE = {
  plain: 0,
  method: 1,
  scheme: 2,
  authority: 3,
  path: 4,
  /** A pseudo-header that no request has. */
  foreignPseudo: 5,
  contentType: 6,
  contentLength: 7,
  grpcTimeout: 8,
  grpcEncoding: 9,
} as const;

export type Role = (typeof ROLE)[keyof typeof ROLE];

const ROLES: ReadonlyMap<string, Role> = new Map<string, Role>([
  [':method', ROLE.method],
  [':scheme', ROLE.scheme],
  [':authority', ROLE.authority],
  [':path', ROLE.path],
  ['content-type', ROLE.contentType],
  ['content-length', ROLE.contentLength],
  ['grpc-timeout', ROLE.grpcTimeout],
  ['grpc-encoding', ROLE.grpcEncoding],
]);

/** A header field, judged once: one that stays in a table costs nothing when it comes again. */
export interface Field {
  readonly name: string;
  readonly value: string;
  readonly sizeBytes: number;
  readonly role: Role;
  /** Whether a message with this field is malformed, whatever else is in it. */
  readonly isFaulty: boolean;
}

export function createField(name: string, value: string): Field {
  return {
    name,
    value,
    sizeBytes: name.length + value.length + FIELD_OVERHEAD_BYTES,
    role: ROLES.get(name) ?? (name.startsWith(':') ? ROLE.foreignPseudo : ROLE.plain),
    isFaulty: !NAME.test(name) || FAULTY_VALUE.test(value) || isConnectionSpecific(name, value),
  };
}

/** RFC 9110 §5.6.2, and lower case (RFC 9113 §8.2.1). */
const NAME = /^:?[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** NUL, CR, LF anywhere, a blank at either end (RFC 9113 §8.2.1). */
// oxlint-disable-next-line no-control-regex
const FAULTY_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;

/** RFC 9113 §8.2.2. */
const CONNECTION_SPECIFIC: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

function isConnectionSpecific(name: string, value: string): boolean {
  return name === 'te' ? value !== 'trailers' : CONNECTION_SPECIFIC.has(name);
}
