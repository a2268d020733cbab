import type { KeySigner } from '../../domain/session.ts';

/** Keys at once; where there are more, those that were opened first are opened anew. */
export const OPENED_KEYS_MAX = 1_024;

interface OpenedKey {
  readonly sealed: Uint8Array;
  readonly signer: KeySigner;
}

/**
 * Keys that were opened lately. Opening costs several times what a signature does, and a flood of wrong tokens that name one account would
 * have all its keys opened for each of them. Whoever can read this memory finds the sealing keys there as well.
 */
export class OpenedKeys {
  private readonly byContext = new Map<string, OpenedKey>();

  /** The key that was opened from these very bytes in this context. */
  find(context: string, sealed: Uint8Array): KeySigner | undefined {
    const known = this.byContext.get(context);
    return known !== undefined && Buffer.compare(known.sealed, sealed) === 0 ? known.signer : undefined;
  }

  /** `sealed` is copied. Does nothing for a key that `find` gives already. */
  put(context: string, sealed: Uint8Array, signer: KeySigner): void {
    if (this.byContext.get(context)?.signer === signer) return;
    this.byContext.delete(context);
    const [first] = this.byContext.keys();
    if (this.byContext.size === OPENED_KEYS_MAX && first !== undefined) this.byContext.delete(first);
    this.byContext.set(context, { sealed: sealed.slice(), signer });
  }
}
