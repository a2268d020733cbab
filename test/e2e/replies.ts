import type { RefusalCode } from '../../src/domain/decision.ts';
import type { HeaderPair, Reply } from '../../src/domain/reply.ts';

const KNOWN = { api: 'truedy', keyId: 'key_0123456789abcdef01234567', account: 'acme', tier: 'pro' };

/** A reply that allows, with what a test wants to see in it. */
export function allowReply(changes: Partial<Reply> = {}): Reply {
  return {
    allowed: true,
    code: 'ok',
    status: 200,
    clientHeaders: [],
    body: '',
    message: '',
    upstreamSet: [],
    upstreamRemove: [],
    ...KNOWN,
    ...changes,
  };
}

export interface Refusal {
  readonly code: RefusalCode;
  readonly status: number;
  readonly headers?: readonly HeaderPair[];
}

/** A reply that refuses, with a body that names its code. */
export function denyReply({ code, status, headers = [] }: Refusal): Reply {
  return {
    allowed: false,
    code,
    status,
    clientHeaders: [['content-type', 'application/json'], ['cache-control', 'no-store'], ...headers],
    body: `{"error":{"code":"${code}","message":"Réfusé"}}`,
    message: `Refused because of ${code}`,
    upstreamSet: [],
    upstreamRemove: [],
    ...KNOWN,
  };
}
