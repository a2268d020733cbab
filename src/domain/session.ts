import type { Principal } from './principal.ts';

/** A session that has not ended, and the unrevoked key that it was exchanged for. */
export interface Session {
  /** Wall time at which the session ends, however young its tokens are. */
  readonly expiresAtMs: number;
  /** The key with all its rights, at most of the tier that sessions have. */
  readonly principal: Principal;
}

/** A key whose holder may sign tokens with it. */
export interface KeySigner {
  /** `key_` and 24 hexadecimal digits. */
  readonly keyId: string;
  /** The UTF-8 bytes of the API key: the HMAC's secret. */
  readonly secret: Uint8Array;
}

/** At most so many keys of an account are tried for one token. */
export const KEY_SIGNERS_MAX = 16;

/** The public half of a key with which sessions' access tokens of one API are signed. */
export interface SessionKey {
  readonly kid: string;
  readonly algorithm: 'EdDSA' | 'ES256';
  /** A public JWK (RFC 7517) as JSON text, without any private member. */
  readonly jwk: string;
}

/** Signing keys that one API may have at a time, the retired ones included. */
export const SIGNING_KEYS_MAX = 16;
