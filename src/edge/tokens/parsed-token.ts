import type { TokenFault } from '../../domain/token.ts';
import { parseCompact } from './compact.ts';
import type { Compact } from './compact.ts';
import { readHeader } from './header.ts';
import type { Header } from './header.ts';
import { findMember } from './strict-json.ts';

/** A token that is well-formed, and believed in nothing. */
export interface ParsedToken extends Compact {
  readonly head: Header;
  /** `iss`; undefined where there is none. */
  readonly issuer: string | undefined;
}

/** Everything that can be refused without knowing whose token it is. */
export function parseToken(token: string): ParsedToken | TokenFault {
  const compact = parseCompact(token);
  if (compact === undefined) return 'token_malformed';
  const head = readHeader(compact.header);
  if (typeof head === 'string') return head;
  const issuer = findMember(compact.payload, 'iss');
  if (issuer !== undefined && typeof issuer !== 'string') return 'token_issuer';
  return { ...compact, head, issuer };
}
