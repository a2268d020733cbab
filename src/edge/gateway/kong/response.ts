import type { HeaderPair, Reply } from '../../../domain/reply.ts';
import type { AuthzRequest } from '../../../domain/request.ts';
import { toGrpcCode } from '../../../lib/grpc-code.ts';
import type { GatewayAnswer } from '../http/dialect.ts';
import { requireSound } from '../http/refusal.ts';

const HEADERS: readonly HeaderPair[] = [['content-type', 'application/json']];
const DECIDED = 200;
const NOT_DECIDED = 503;

/**
 * The whole answer to the plugin, as JSON. A request passes where `allow` is true and by nothing else; lists of headers are names and
 * values in turn. An outage in no API's words is none to the plugin, which has words of its own for it.
 * Throws where the reply contradicts itself or holds what must not go out.
 */
export function toKongAnswer(reply: Reply, request: AuthzRequest): GatewayAnswer {
  requireSound(reply);
  const isDecided = reply.api !== '' || reply.code !== 'unavailable';
  const answer = reply.allowed ? toAllow(reply) : toDenial(reply, request);
  return { status: isDecided ? DECIDED : NOT_DECIDED, headers: HEADERS, body: JSON.stringify(answer) };
}

/** An empty value becomes a removal: the upstream then sees no header instead of an empty one. */
function toAllow(reply: Reply): object {
  const set: string[] = [];
  const remove = [...reply.upstreamRemove];
  for (const [name, value] of reply.upstreamSet) {
    if (value === '') remove.push(name);
    else set.push(name, value);
  }
  return { allow: true, set, remove, headers: toLines(reply.clientHeaders), facts: toFacts(reply) };
}

/** Names and values in turn. */
function toLines(headers: readonly HeaderPair[]): string[] {
  const lines: string[] = [];
  for (const [name, value] of headers) lines.push(name, value);
  return lines;
}

function toDenial(reply: Reply, request: AuthzRequest): object {
  const answer = isGrpcCall(request)
    ? { status: 200, headers: toLines(asTrailers(reply)), body: '' }
    : { status: reply.status, headers: toLines(joinChallenges(reply.clientHeaders)), body: reply.body };
  return { allow: false, ...answer, facts: toFacts(reply) };
}

/**
 * A refused call as gRPC has it: all in the headers, of an answer that is 200. Kong would map the status itself, but 402 to
 * INVALID_ARGUMENT, and only where no content type is given, without which some clients see UNKNOWN.
 */
function asTrailers(reply: Reply): HeaderPair[] {
  return [
    ...reply.clientHeaders.filter(([name]) => name !== 'content-type'),
    ['content-type', 'application/grpc'],
    ['grpc-status', String(toGrpcCode(reply.status))],
    ['grpc-message', percentEncoded(reply.message)],
  ];
}

/** The message's form on the wire: UTF-8, with `%` and all that is not visible ASCII or a blank escaped (gRPC over HTTP/2, "Responses"). */
function percentEncoded(message: string): string {
  return message.replaceAll(/[^\x20-\x24\x26-\x7e]+/g, (text) => Buffer.from(text).reduce(appendEscape, ''));
}

function appendEscape(text: string, byte: number): string {
  return `${text}%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** `application/grpc` or `application/grpc+…`, in one line. */
function isGrpcCall(request: AuthzRequest): boolean {
  const [contentType = '', ...others] = request.headers.all('content-type');
  if (others.length > 0) return false;
  return contentType === 'application/grpc' || contentType.startsWith('application/grpc+');
}

const CHALLENGE = 'www-authenticate';

/** Of several lines Kong sends the last alone; one list says the same (RFC 9110 §11.6.1). */
function joinChallenges(headers: readonly HeaderPair[]): readonly HeaderPair[] {
  const challenges = headers.filter(([name]) => name === CHALLENGE).map(([, value]) => value);
  if (challenges.length < 2) return headers;
  return [...headers.filter(([name]) => name !== CHALLENGE), [CHALLENGE, challenges.join(', ')]];
}

/** For Kong's log: never a secret. JSON leaves out what is undefined. */
function toFacts({ code, api, keyId, account, tier, fault }: Reply): object {
  return { code, api: known(api), key_id: known(keyId), account: known(account), tier: known(tier), fault };
}

function known(fact: string): string | undefined {
  return fact === '' ? undefined : fact;
}
