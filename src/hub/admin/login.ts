import type { IncomingMessage } from 'node:http';
import type { Actor } from '../../domain/audit.ts';
import type { OperatorRole } from '../../domain/operators.ts';
import { canonicalAddress } from '../../lib/cidr.ts';
import type { Clock } from '../../ports.ts';
import { createFailedLogins } from '../http/failed-logins.ts';
import type { Failure } from '../http/failed-logins.ts';
import type { Problem } from './problem.ts';

export interface LoginDeps {
  /** The unrevoked operator to whom a token belongs. */
  readonly findOperator: (
    token: string,
  ) => Promise<{ readonly name: string; readonly role: OperatorRole } | undefined>;
  /** Writes a failed login down; never rejects. */
  readonly recordFailure: (actor: Actor) => Promise<void>;
  readonly clock: Clock;
}

export interface Operator {
  readonly role: OperatorRole;
  readonly actor: Actor;
}

/** Who asks, or the refusal. Throws `OperationRefused('unavailable')` where the store does not answer. */
export type Login = (request: IncomingMessage, requestId: string) => Promise<Operator | Problem>;

const REALM = 'Bearer realm="tollgate-admin"';
/** RFC 6750 §2.1, the scheme in any case (RFC 9110 §11.1). */
const BEARER = /^bearer +(?<token>[\x21-\x7e]{1,256}) *$/i;

/** Operators prove themselves by their token in `Authorization` and by nothing else. */
export function createLogin(deps: LoginDeps): Login {
  const failures = createFailedLogins();
  return async (request, requestId) => {
    const address = readAddress(request);
    const source = `admin ${address}`;
    const lines = request.headersDistinct['authorization'] ?? [];
    if (lines.length === 0) return UNAUTHENTICATED;
    const token = lines.length === 1 ? BEARER.exec(lines[0] ?? '')?.groups?.['token'] : undefined;
    const operator = token === undefined ? undefined : await deps.findOperator(token);
    if (operator === undefined) {
      const failure = failures.count(address, deps.clock.now().monotonicMs);
      if (failure.recorded) await deps.recordFailure({ name: 'nobody', source, requestId });
      return refuse(failure);
    }
    const { name, role } = operator;
    return { role, actor: { name: `operator:${name}`, source, requestId } };
  };
}

const UNAUTHENTICATED: Problem = {
  code: 'unauthenticated',
  detail: "an operator's token is needed, as Authorization: Bearer",
  headers: { 'www-authenticate': REALM },
};

const WRONG: Problem = {
  code: 'unauthenticated',
  detail: "this is no operator's token, or no more",
  headers: { 'www-authenticate': `${REALM}, error="invalid_token"` },
};

function refuse({ retryAfterSeconds }: Failure): Problem {
  if (retryAfterSeconds === undefined) return WRONG;
  return {
    code: 'too_many_failures',
    detail: 'too many wrong tokens came from this address',
    headers: { 'retry-after': String(retryAfterSeconds) },
  };
}

/** Where the connection comes from, without the zone of a link-local address; whoever uses a socket file is on this machine. */
function readAddress({ socket }: IncomingMessage): string {
  const [address = ''] = (socket.remoteAddress ?? '').split('%', 1);
  return canonicalAddress(address) ?? 'socket';
}
