import express from 'express';
import type { Request, Response } from 'express';
import type { Problem } from './problem.ts';

/** A request is a few hundred bytes; the largest allowlist fits ten times. */
export const BODY_BYTES_MAX = 64 * 1024;

const read = express.raw({ limit: BODY_BYTES_MAX, type: () => true, inflate: false });

/** RFC 8259 §8.1: JSON is sent in UTF-8. */
const JSON_TYPE = /^application\/json *(?:; *charset="?utf-8"? *)?$/i;

const NOT_JSON: Problem = { code: 'malformed', detail: 'the body is not JSON in UTF-8' };
const OTHER_TYPE: Problem = {
  code: 'unsupported_media_type',
  detail: 'a body is sent as application/json',
};

/** What express calls the ways in which a body can fail to arrive. */
const FAULTS: Readonly<Record<string, Problem>> = {
  'entity.too.large': { code: 'too_large', detail: `a body has at most ${BODY_BYTES_MAX} bytes` },
  'encoding.unsupported': { code: 'unsupported_media_type', detail: 'a body is not compressed' },
  'request.size.invalid': { code: 'malformed', detail: 'the body has another length than it says' },
  'request.aborted': { code: 'malformed', detail: 'the body did not arrive' },
};

/** The body as JSON, `{}` where it is empty, or why it cannot be read. */
export async function readBody(
  request: Request,
  response: Response,
): Promise<{ readonly value: unknown } | Problem> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  read(request, response, resolve);
  const error = await promise;
  if (error !== undefined) return toProblem(error);
  const bytes: unknown = request.body;
  if (!Buffer.isBuffer(bytes) || bytes.byteLength === 0) return { value: {} };
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) return OTHER_TYPE;
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown };
  } catch {
    return NOT_JSON;
  }
}

function toProblem(error: unknown): Problem {
  const fault = error instanceof Error && 'type' in error ? FAULTS[String(error.type)] : undefined;
  if (fault === undefined) throw error;
  // What was not read stays unread: the connection has no place for another request behind it.
  return { ...fault, headers: { connection: 'close' } };
}
