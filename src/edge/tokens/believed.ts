import type { TokenFault, VerifiedToken } from '../../domain/token.ts';
import type { Validity } from './validity.ts';

/** A token whose signature and claims are right, with what is needed to ask its times and its key again. */
export interface Believed extends Validity {
  readonly token: VerifiedToken;
  /** Version of the keys with which it was verified: as soon as it is another, the token is verified again. */
  readonly keysVersion: number;
  /** Name of the key with which it was verified, where that key is asked again; else ''. */
  readonly keyId: string;
}

export type Belief = Believed | TokenFault;
