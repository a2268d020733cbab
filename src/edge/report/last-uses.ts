/** Keys whose last use is gathered until it is told; further ones wait for a use after that. */
export const LAST_USED_MAX = 20_000;

/**
 * When keys were used last. Gathered for longer than a report, because each key costs the store a write however often it was used:
 * told when that is due, or when there is no room for another key.
 */
export class LastUses {
  private latest = new Map<number, number>();
  /** What was told last: the store may not have written it yet. */
  private told: ReadonlyMap<number, number> = new Map();
  private due = false;

  note(keyRow: number, wallMs: number): void {
    const latestMs = this.latest.get(keyRow);
    // A check that waited for its credits may be decided after younger ones.
    const isNews = latestMs === undefined ? this.latest.size < LAST_USED_MAX : wallMs > latestMs;
    if (isNews) this.latest.set(keyRow, wallMs);
  }

  /** Wall time of the latest use that was or will be told about now; undefined where there was none lately. */
  find(keyRow: number): number | undefined {
    return this.latest.get(keyRow) ?? this.told.get(keyRow);
  }

  /** What is gathered until `drain` is called next is due then. */
  release(): void {
    this.due = true;
  }

  /** Pairs of key row and wall time in milliseconds, each row once, the latest use; none unless they are due. */
  drain(): Float64Array {
    if (!this.due && this.latest.size < LAST_USED_MAX) return new Float64Array(0);
    this.told = this.latest;
    this.latest = new Map();
    this.due = false;
    return toPairs(this.told);
  }
}

function toPairs(lastUses: ReadonlyMap<number, number>): Float64Array {
  const pairs = new Float64Array(lastUses.size * 2);
  let at = 0;
  for (const [row, wallMs] of lastUses) {
    pairs[at] = row;
    pairs[at + 1] = wallMs;
    at += 2;
  }
  return pairs;
}
