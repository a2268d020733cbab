import type { HeaderPair, Reply } from '../../../domain/reply.ts';
import type { GatewayAnswer } from '../http/dialect.ts';
import { requireSound } from '../http/refusal.ts';

/** The refusal's real status and body: NGINX knows two statuses and throws every body away. */
const STATUS_HEADER = 'x-tollgate-status';
const BODY_HEADER = 'x-tollgate-body';

const ALLOWED = 200;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;

/**
 * The answer to `auth_request`: 200 lets pass, 401 and 403 refuse, and headers carry what the client must see.
 * Throws where the reply contradicts itself or holds what must not go out.
 */
export function toNginxAnswer(reply: Reply): GatewayAnswer {
  requireSound(reply);
  return reply.allowed ? toAllow(reply) : toDenial(reply);
}

/** What is not set here arrives as an empty variable, with which the recipe takes a header away. */
function toAllow({ upstreamSet, clientHeaders }: Reply): GatewayAnswer {
  const present = upstreamSet.filter(([, value]) => value !== '');
  return { status: ALLOWED, headers: [...present, ...clientHeaders], body: '' };
}

function toDenial({ status, clientHeaders, body }: Reply): GatewayAnswer {
  return {
    status: status === UNAUTHORIZED ? UNAUTHORIZED : FORBIDDEN,
    headers: [...clientHeaders.map(renamed), [STATUS_HEADER, String(status)], [BODY_HEADER, toOneLine(body)]],
    body: '',
  };
}

/** NGINX gives the answer to its question a content type itself: the refusal's own goes by another name. */
function renamed([name, value]: HeaderPair): HeaderPair {
  return name === 'content-type' ? ['x-tollgate-content-type', value] : [name, value];
}

/**
 * JSON text on one line, each of its bytes as one character: line breaks are only ever blank space between its tokens, and
 * bytes beyond ASCII may stand in a header (RFC 9110 §5.5, obs-text).
 */
function toOneLine(body: string): string {
  return Buffer.from(body.replaceAll(/[\r\n\t]+/g, ' '), 'utf8').toString('latin1');
}
