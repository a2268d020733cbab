import { SECOND_MS } from '../../../../domain/time.ts';
import { GRPC } from '../../../../lib/grpc-code.ts';
import type { GrpcError } from '../grpc-error.ts';
import { toHeadersFrame } from './header-blocks.ts';

/*
 * gRPC over HTTP/2 (github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), as far as unary calls without compression need it.
 */

const CONTENT_TYPE = 'application/grpc';

/** What begins an answer with a message, and what ends it. */
export const ANSWER_HEAD = toHeadersFrame({ status: 200, contentType: CONTENT_TYPE });
export const ANSWER_END = toHeadersFrame({ fields: [['grpc-status', String(GRPC.ok)]], end: 'stream' });

/** An answer without a message: its status is all of it. */
export function toFailureFrame({ code, message }: GrpcError): Buffer {
  return toHeadersFrame({
    status: 200,
    contentType: CONTENT_TYPE,
    fields: [
      ['grpc-status', String(code)],
      ['grpc-message', toGrpcMessage(message)],
      ...(code === GRPC.unimplemented ? ACCEPTED : []),
    ],
    end: 'stream',
  });
}

/** A client that compresses learns from an UNIMPLEMENTED what it may send. */
const ACCEPTED: readonly (readonly [string, string])[] = [['grpc-accept-encoding', 'identity']];

/** Printable ASCII but `%` is sent as it is, all else as the escaped bytes of UTF-8. */
function toGrpcMessage(text: string): string {
  return Array.from(Buffer.from(text, 'utf8'), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

/** `application/grpc`, `application/grpc+proto`, `application/grpc;…`. */
export function isGrpc(contentType: string): boolean {
  if (!contentType.startsWith(CONTENT_TYPE)) return false;
  const next = contentType[CONTENT_TYPE.length];
  return next === undefined || next === '+' || next === ';';
}

const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600 * SECOND_MS,
  M: 60 * SECOND_MS,
  S: SECOND_MS,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** In milliseconds; undefined where the text is no `grpc-timeout`. */
export function readTimeoutMs(text: string): number | undefined {
  const [, digits = '', unit = ''] = TIMEOUT.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? undefined : Number(digits) * unitMs;
}
