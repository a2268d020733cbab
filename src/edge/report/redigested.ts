import type { RedigestedKeys } from '../../domain/report.ts';

/** Keys of one report; further ones wait for their next use. */
export const REDIGESTED_MAX = 1_000;

/** Gathers the keys that are to be digested anew, each once, between two reports. */
export class Redigested {
  private digestOf = new Map<number, Int32Array>();

  /** `digest` is copied. */
  add(keyRow: number, digest: Int32Array): void {
    if (this.digestOf.has(keyRow) || this.digestOf.size === REDIGESTED_MAX) return;
    this.digestOf.set(keyRow, digest.slice());
  }

  /** What has come together since the last call; undefined where nothing has. */
  drain(): RedigestedKeys | undefined {
    if (this.digestOf.size === 0) return undefined;
    const rows = Float64Array.from(this.digestOf.keys());
    const digests = Int32Array.from([...this.digestOf.values()].flatMap((words) => [...words]));
    this.digestOf = new Map();
    return { rows, digests };
  }
}
