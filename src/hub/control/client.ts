import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { OperationRefused } from '../../domain/operations.ts';
import type { OperationFault, Operations } from '../../domain/operations.ts';
import { codeOf, findNobodyAt, requireSocketPath } from './socket-file.ts';
import { FAULT_STATUS, OPERATION_PATH, REQUEST_BYTES_MAX, USER_HEADER } from './protocol.ts';
import { USER_UNKNOWN } from './os-user.ts';
import { requireTrustedSocket } from './socket-owner.ts';

export interface ControlClient extends Operations {
  /** Ends what is under way; an operation that was sent may have been done. */
  close(): void;
}

export interface ControlClientOptions {
  /** The user on whose behalf is asked, for the audit log; default: nobody in particular. */
  readonly user?: string;
  /** How long to wait for an answer; default ANSWER_MS. */
  readonly answerMs?: number;
}

/** No server listens at the socket: the caller may open the store itself. */
export class NobodyListens extends Error {
  override readonly name = 'NobodyListens';
}

interface Line {
  readonly path: string;
  readonly user: string;
  readonly answerMs: number;
  readonly closed: AbortSignal;
}

/** A revocation waits for its edges, so an answer may take its time. */
const ANSWER_MS = 60_000;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/** A client of the running server, or undefined where none listens. Throws `OperationRefused` where the socket cannot be trusted or addressed. */
export async function findControlClient(
  path: string,
  options: ControlClientOptions = {},
): Promise<ControlClient | undefined> {
  requireSocketPath(path);
  if (await findNobodyAt(path)) return undefined;
  await requireTrustedSocket(path);
  return createControlClient(path, options);
}

/**
 * The operations of the server that listens at `path`, one connection each. They throw as operations do;
 * `NobodyListens` when nobody does; `OperationRefused('unavailable')` when no whole answer came in time, in which case the
 * operation may have been done.
 */
export function createControlClient(path: string, options: ControlClientOptions = {}): ControlClient {
  const closing = new AbortController();
  const { user = USER_UNKNOWN, answerMs = ANSWER_MS } = options;
  const line: Line = { path, user, answerMs, closed: closing.signal };
  return {
    createAccount: (input) => ask(line, 'createAccount', [input]),
    showAccount: (account) => ask(line, 'showAccount', [account]),
    setAccount: (account, change) => ask(line, 'setAccount', [account, change]),
    grantCredits: (account, grant) => ask(line, 'grantCredits', [account, grant]),
    createKey: (input) => ask(line, 'createKey', [input]),
    showKey: (key) => ask(line, 'showKey', [key]),
    listKeys: (query) => ask(line, 'listKeys', [query]),
    setKey: (key, change) => ask(line, 'setKey', [key, change]),
    rotateKey: (key, overlapMs) => ask(line, 'rotateKey', [key, overlapMs]),
    revokeKey: (key) => ask(line, 'revokeKey', [key]),
    importKeys: (keys) => ask(line, 'importKeys', [keys]),
    listSessions: (query) => ask(line, 'listSessions', [query]),
    showSession: (session) => ask(line, 'showSession', [session]),
    revokeSessions: (selection) => ask(line, 'revokeSessions', [selection]),
    listSigningKeys: (api) => ask(line, 'listSigningKeys', [api]),
    rotateSigningKey: (rotation) => ask(line, 'rotateSigningKey', [rotation]),
    createOperator: (input) => ask(line, 'createOperator', [input]),
    listOperators: () => ask(line, 'listOperators', []),
    revokeOperator: (name) => ask(line, 'revokeOperator', [name]),
    listAudit: (query) => ask(line, 'listAudit', [query]),
    close: () => closing.abort(),
  };
}

/** What the server of this very program answers has the type of the operation; only its outline is looked at. */
async function ask<T>(line: Line, operation: keyof Operations, args: readonly unknown[]): Promise<T> {
  const body = Buffer.from(JSON.stringify(args));
  if (body.byteLength > REQUEST_BYTES_MAX) {
    throw new OperationRefused(
      'invalid',
      `the request is larger than ${REQUEST_BYTES_MAX} bytes: send less at once`,
    );
  }
  const answer = await exchange(line, operation, body);
  if (answer.status === 200 && typeof answer.value === 'object' && answer.value !== null)
    return answer.value as T;
  throw toRefused(answer);
}

interface RawAnswer {
  readonly status: number;
  readonly value: unknown;
}

async function exchange(line: Line, operation: string, body: Buffer): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request(
    {
      socketPath: line.path,
      path: OPERATION_PATH + operation,
      method: 'POST',
      agent: false,
      headers: {
        'content-type': 'application/json',
        'content-length': body.byteLength,
        [USER_HEADER]: encodeURIComponent(line.user),
      },
      signal: AbortSignal.any([line.closed, AbortSignal.timeout(line.answerMs)]),
    },
    resolve,
  );
  sent.once('error', reject);
  sent.end(body);
  try {
    return await readAnswer(await promise);
  } catch (error) {
    throw toBroken(error, line.path);
  }
}

async function readAnswer(response: IncomingMessage): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += (chunk as Buffer).byteLength;
    if (bytes > ANSWER_BYTES_MAX) throw new OperationRefused('unavailable', 'the server answers without end');
    chunks.push(chunk as Buffer);
  }
  return { status: response.statusCode ?? 0, value: parse(Buffer.concat(chunks)) };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new OperationRefused('unavailable', 'what listens on the control socket is no Tollgate server');
  }
}

function toBroken(error: unknown, path: string): Error {
  if (error instanceof OperationRefused) return error;
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return new NobodyListens(`nobody listens on ${path}`);
  if (code === 'EACCES' || code === 'EPERM') {
    return new OperationRefused(
      'unavailable',
      `${path} belongs to another user: run this as the server's user`,
    );
  }
  return new OperationRefused(
    'unavailable',
    'the server gave no whole answer: whether it did what was asked is not known, so look before asking again',
  );
}

function toRefused({ value }: RawAnswer): OperationRefused {
  if (typeof value === 'object' && value !== null && 'fault' in value && 'message' in value) {
    const { fault, message } = value;
    if (isFault(fault) && typeof message === 'string') return new OperationRefused(fault, message);
  }
  return new OperationRefused('unavailable', 'the server failed on this operation; its log says why');
}

function isFault(value: unknown): value is OperationFault {
  return typeof value === 'string' && Object.hasOwn(FAULT_STATUS, value);
}
