import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Api } from '../../domain/policy.ts';
import { wordsFromHex } from '../../lib/key-digest.ts';
import type { PepperRing } from '../../lib/key-digest.ts';
import type { TokenDigest } from '../store/sessions.ts';

/*
 * A refresh token is the API's prefix, `rt_` and 64 bytes in base64url: the session's id, which generation of the session's tokens it is,
 * a secret of 256 bits, and a tag by which it is known for one of ours without a look-up. No issued key has its length, and no JWT is without a dot.
 *
 * The secret of the first token is random; each later one is the HMAC of the token before it. So whoever shows a token a second time can be
 * given the same successor although nobody kept it, and neither the database nor the peppers nor both together show a token.
 */

const SESSION_BYTES = 12;
const GENERATION_BYTES = 4;
const SECRET_BYTES = 32;
const TAG_BYTES = 16;
const SECRET_AT = SESSION_BYTES + GENERATION_BYTES;
const TAG_AT = SECRET_AT + SECRET_BYTES;
const TOKEN_BYTES = TAG_AT + TAG_BYTES;
const TOKEN_CHARS = Math.ceil((TOKEN_BYTES * 4) / 3);
const BASE64URL = /^[A-Za-z0-9_-]*$/;

/** A token and what the store keeps of it. */
export interface IssuedToken extends TokenDigest {
  readonly text: string;
}

/** A token that is one of ours, whether it still counts or not. */
export interface KnownToken {
  /** `ses_` and 24 hexadecimal digits. */
  readonly sessionId: string;
  readonly generation: number;
  /** Its own digest under each pepper, the current one first, as with the successors. */
  readonly digests: readonly TokenDigest[];
  readonly successors: readonly IssuedToken[];
}

export interface RefreshTokens {
  /** The first token of a session; `secret`: 32 random bytes. */
  issue(api: Api, sessionId: string, secret: Uint8Array): IssuedToken;
  /** undefined: no token of this API, or tagged under a pepper that is not in the ring. */
  read(api: Api, text: string): KnownToken | undefined;
}

/** Tokens of before are known under the retired peppers too. */
export function createRefreshTokens(ring: PepperRing): RefreshTokens {
  const minters = [ring.current, ...ring.retired].map(createMinter);
  const [current] = minters;
  if (current === undefined) throw new RangeError('a ring without a pepper');
  return {
    issue: (api, sessionId, secret) =>
      current.mint(api, { session: toBytes(sessionId), generation: 0, secret }),
    read(api, text) {
      const bytes = decode(api, text);
      if (bytes === undefined || !minters.some((minter) => minter.tagged(api, bytes))) return undefined;
      return {
        sessionId: `ses_${bytes.toString('hex', 0, SESSION_BYTES)}`,
        generation: bytes.readUInt32BE(SESSION_BYTES),
        digests: minters.map((minter) => minter.digest(text)),
        successors: minters.map((minter) => minter.follow(api, bytes)),
      };
    },
  };
}

interface TokenParts {
  readonly session: Uint8Array;
  readonly generation: number;
  readonly secret: Uint8Array;
}

/** What one pepper does; each of its keys serves one purpose. */
interface Minter {
  mint(api: Api, parts: TokenParts): IssuedToken;
  /** The one token that comes after another. */
  follow(api: Api, token: Buffer): IssuedToken;
  tagged(api: Api, token: Buffer): boolean;
  digest(text: string): TokenDigest;
}

function createMinter({ id: pepperId, secret: pepper }: PepperRing['current']): Minter {
  const tagKey = deriveKey(pepper, 'refresh token tag 1');
  const successorKey = deriveKey(pepper, 'refresh token successor 1');
  const digestKey = deriveKey(pepper, 'refresh token digest 1');
  const tagOf = (api: Api, token: Buffer): Buffer =>
    hmac(tagKey, api, token.subarray(0, TAG_AT)).subarray(0, TAG_BYTES);
  const minter: Minter = {
    mint(api, { session, generation, secret }) {
      const token = Buffer.alloc(TOKEN_BYTES);
      token.set(session);
      token.writeUInt32BE(generation, SESSION_BYTES);
      token.set(secret, SECRET_AT);
      token.set(tagOf(api, token), TAG_AT);
      const text = prefixOf(api) + token.toString('base64url');
      return { text, ...minter.digest(text) };
    },
    follow(api, token) {
      const generation = token.readUInt32BE(SESSION_BYTES) + 1;
      const session = token.subarray(0, SESSION_BYTES);
      return minter.mint(api, { session, generation, secret: hmac(successorKey, api, token) });
    },
    tagged: (api, token) => timingSafeEqual(token.subarray(TAG_AT), tagOf(api, token)),
    digest: (text) => ({
      digest: wordsFromHex(createHmac('sha256', digestKey).update(text).digest('hex')),
      pepperId,
    }),
  };
  return minter;
}

/** Keeps each use of a pepper apart from every other, the digests of API keys included. */
function deriveKey(pepper: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', pepper, '', purpose, SECRET_BYTES));
}

/** Bound to the API by its name, which holds no control character. */
function hmac(key: Uint8Array, api: Api, bytes: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${api.name}\0`).update(bytes).digest();
}

function prefixOf(api: Api): string {
  return `${api.keys.prefix}rt_`;
}

/** Every token has one spelling: what decodes to its bytes in another way is none. */
function decode(api: Api, text: string): Buffer | undefined {
  const prefix = prefixOf(api);
  if (text.length !== prefix.length + TOKEN_CHARS || !text.startsWith(prefix)) return undefined;
  const encoded = text.slice(prefix.length);
  if (!BASE64URL.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64url');
  return bytes.toString('base64url') === encoded ? bytes : undefined;
}

function toBytes(sessionId: string): Buffer {
  return Buffer.from(sessionId.slice('ses_'.length), 'hex');
}
