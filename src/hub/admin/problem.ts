import type * as z from 'zod';
import type { OperationFault } from '../../domain/operations.ts';

/** Every way in which the admin API refuses. */
const STATUSES = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  read_only: 409,
  too_large: 413,
  unsupported_media_type: 415,
  invalid: 422,
  too_many_failures: 429,
  internal_error: 500,
  not_implemented: 501,
  unavailable: 503,
} as const;

export type ProblemCode = keyof typeof STATUSES;

/** With `about:blank` the title is the status's own phrase (RFC 9457 §4.2.1). */
const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

/** A refusal as a value: what the client gets to know of it, and no more. */
export interface Problem {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly ProblemError[];
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ProblemError {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly detail: string;
}

export function statusOf({ code }: Problem): number {
  return STATUSES[code];
}

/** Problem details, RFC 9457. */
export function toProblemDetails(problem: Problem, requestId: string) {
  const status = statusOf(problem);
  return {
    type: 'about:blank',
    title: TITLES[status] ?? '',
    status,
    code: problem.code,
    detail: problem.detail,
    request_id: requestId,
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  };
}

/** An operation's fault is the code of its problem. */
export function fromFault(fault: OperationFault, message: string): Problem {
  return fault === 'unavailable'
    ? { code: fault, detail: message, headers: { 'retry-after': '1' } }
    : { code: fault, detail: message };
}

/** Errors of one body that are told; a client that makes more learns of the rest when it has mended these. */
const ERRORS_MAX = 20;
const NAME_CHARS_MAX = 64;

/** `readOnly`: members that an answer has and a request must not. */
export function fromBodyIssues(issues: readonly z.core.$ZodIssue[], readOnly: ReadonlySet<string>): Problem {
  const errors = issues.flatMap((issue): readonly ProblemError[] => {
    const path = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') return [{ pointer: toPointer(path), detail: issue.message }];
    return issue.keys.map((key) => ({
      pointer: toPointer([...path, key]),
      detail: path.length === 0 && readOnly.has(key) ? 'is read-only' : 'is not known here',
    }));
  });
  const detail = 'the body is not what is asked for here';
  return { code: 'invalid', detail, errors: errors.slice(0, ERRORS_MAX) };
}

export function fromQueryIssues(issues: readonly z.core.$ZodIssue[]): Problem {
  const errors = issues.flatMap((issue): readonly ProblemError[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ parameter: cut(key), detail: 'is not known here' }));
    }
    return [{ parameter: cut(String(issue.path[0] ?? '')), detail: issue.message }];
  });
  const detail = 'the query is not what is asked for here';
  return { code: 'invalid', detail, errors: errors.slice(0, ERRORS_MAX) };
}

/** RFC 6901 §3 and §6, without percent-encoding what JSON can hold. */
function toPointer(path: readonly string[]): string {
  return `#${path.map((step) => `/${cut(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`;
}

function cut(name: string): string {
  return name.length > NAME_CHARS_MAX ? `${name.slice(0, NAME_CHARS_MAX)}…` : name;
}
