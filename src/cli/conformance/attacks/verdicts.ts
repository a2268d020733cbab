import { setTimeout as pause } from 'node:timers/promises';
import type { RawAnswer } from '../client/raw-http.ts';
import { NoAnswer } from '../client/raw-http.ts';
import { APPLICATION_BODY } from '../client/upstream.ts';
import type { Received } from '../client/upstream.ts';
import type { Difference } from '../difference.ts';
import { isCredentialName, isIdentityName } from '../table/names.ts';
import type { Field } from './field.ts';

/** By these a request could pass for another one. */
const MISLEADING =
  /^(?:x-original-.*|x-rewrite-url|x-http-method(?:-override)?|x-method-override|forwarded)$/;
/** By these a client could pass for the gateway, where one shows a token. */
const GATEWAYS_OWN = /^x-gateway-.*$/;

type Differences = readonly Difference[];

export function judgePassed({ status, body }: RawAnswer, wanted = 200): Differences {
  return status === wanted ? [] : [{ kind: 'stopped', status, seen: body }];
}

/** A refusal, by the status that it must have where only one will do, which has not reached the application. */
export function judgeRefused(
  { status, body }: RawAnswer,
  received: readonly Received[],
  promised?: number,
): Differences {
  if (received.length > 0 || body === APPLICATION_BODY) return [{ kind: 'let through' }];
  const fits = promised === undefined ? status >= 400 : status === promised;
  return fits ? [] : [{ kind: 'status', promised: promised ?? 400, status, seen: body }];
}

/** The application gets a request, and with each the key's identity, each line once and no other. */
export function judgeIdentity(received: readonly Received[], { own }: Field): Differences {
  if (received.length === 0) return own.map((line) => ({ kind: 'identity lost', name: nameOf(line) }));
  return received.flatMap(({ headers }) => {
    const lines = headers
      .filter(([name]) => isIdentityName(name))
      .map(([name, value]) => `${name}: ${value}`);
    const lost = own.filter((line) => !lines.includes(line));
    return [
      ...lost.map((line): Difference => ({ kind: 'identity lost', name: nameOf(line) })),
      ...findForged(lines, own),
    ];
  });
}

/** No line that could pass for an identity gets to the application but the key's own. */
export function judgeForgery(received: readonly Received[], { own }: Field): Differences {
  return received.flatMap(({ headers }) =>
    findForged(
      headers.filter(([name]) => isIdentityName(name)).map(([name, value]) => `${name}: ${value}`),
      own,
    ),
  );
}

function findForged(lines: readonly string[], own: readonly string[]): Differences {
  const left = [...own];
  return lines.flatMap((line): Differences => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at >= 0 ? [] : [{ kind: 'forged upstream', name: nameOf(line) }];
  });
}

export function judgeCredentials(received: readonly Received[]): Differences {
  return received.flatMap(({ headers }) =>
    headers
      .filter(([name]) => isCredentialName(name))
      .map(([name]): Difference => ({ kind: 'credential upstream', name })),
  );
}

export function judgeMisleading(received: readonly Received[], { gatewayToken }: Field): Differences {
  const misleads = (name: string): boolean =>
    MISLEADING.test(name) || (gatewayToken !== undefined && GATEWAYS_OWN.test(name));
  return received.flatMap(({ headers }) =>
    headers
      .filter(([name]) => misleads(name))
      .map(([name]): Difference => ({ kind: 'misleading upstream', name })),
  );
}

/** What a gateway forwards though it cuts the client off gets to the application by then, in milliseconds. */
const LATE_MS = 50;

/** Silence and a cut connection are refusals, too. */
export async function orSilence(answer: Promise<RawAnswer>): Promise<RawAnswer> {
  return answer.catch(async (error: unknown) => {
    if (!(error instanceof NoAnswer)) throw error;
    await pause(LATE_MS);
    return { status: 400, headers: [], body: '' };
  });
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':'));
}
