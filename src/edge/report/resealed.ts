import type { SealedKeyRecord } from '../../domain/feed-records.ts';
import type { ResealedKey } from '../../domain/report.ts';

/** Keys of one report; further ones wait for their next use. */
export const RESEALED_MAX = 1_000;

/** Gathers the keys that are to be kept under another sealing key, each once, between two reports. */
export class Resealed {
  private sealedOf = new Map<number, SealedKeyRecord>();

  /** `reseal` is asked only where the key is not here yet. */
  add(keyRow: number, reseal: () => SealedKeyRecord): void {
    if (this.sealedOf.has(keyRow) || this.sealedOf.size === RESEALED_MAX) return;
    this.sealedOf.set(keyRow, reseal());
  }

  /** What has come together since the last call; undefined where nothing has. */
  drain(): readonly ResealedKey[] | undefined {
    if (this.sealedOf.size === 0) return undefined;
    const keys = [...this.sealedOf].map(([row, sealed]) => ({ row, sealed }));
    this.sealedOf = new Map();
    return keys;
  }
}
