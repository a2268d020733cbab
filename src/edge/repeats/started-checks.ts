import type { Spending } from '../../domain/spending.ts';

/** Chains in which checks are found: a power of two, several for each check that usually waits at the same time. */
const CHAINS = 1_024;

/** A check whose spending is waited for. */
export interface StartedCheck {
  readonly fingerprint: string;
  readonly atMs: number;
  readonly spending: Promise<Spending>;
}

interface Linked extends StartedCheck {
  chained: Linked | undefined;
  older: Linked | undefined;
  newer: Linked | undefined;
}

/**
 * Checks in the order of their beginning, found by fingerprint. A Map that checks pass through is made anew every few of them, and each
 * old one keeps the next one alive with all it held, until a long collection; here what has left holds on to nothing.
 */
export class StartedChecks {
  private readonly chains = Array.from({ length: CHAINS }, (): Linked | undefined => undefined);
  private first: Linked | undefined;
  private last: Linked | undefined;
  private count = 0;

  get size(): number {
    return this.count;
  }

  get oldest(): StartedCheck | undefined {
    return this.first;
  }

  find(fingerprint: string): StartedCheck | undefined {
    return this.findLinked(fingerprint);
  }

  /** Takes the place of another of the same fingerprint. */
  add(started: StartedCheck): void {
    this.remove(started.fingerprint);
    const chain = chainOf(started.fingerprint);
    const linked: Linked = { ...started, chained: this.chains[chain], older: this.last, newer: undefined };
    this.chains[chain] = linked;
    if (this.last === undefined) this.first = linked;
    else this.last.newer = linked;
    this.last = linked;
    this.count += 1;
  }

  /** Whatever is known by that fingerprint, if anything is. */
  remove(fingerprint: string): void {
    const linked = this.findLinked(fingerprint);
    if (linked === undefined) return;
    this.unchain(linked);
    if (linked.older === undefined) this.first = linked.newer;
    else linked.older.newer = linked.newer;
    if (linked.newer === undefined) this.last = linked.older;
    else linked.newer.older = linked.older;
    linked.older = undefined;
    linked.newer = undefined;
    this.count -= 1;
  }

  private findLinked(fingerprint: string): Linked | undefined {
    let linked = this.chains[chainOf(fingerprint)];
    while (linked !== undefined && linked.fingerprint !== fingerprint) linked = linked.chained;
    return linked;
  }

  private unchain(linked: Linked): void {
    const chain = chainOf(linked.fingerprint);
    let before = this.chains[chain];
    if (before === linked) this.chains[chain] = linked.chained;
    while (before !== undefined && before.chained !== linked) before = before.chained;
    if (before !== undefined) before.chained = linked.chained;
    linked.chained = undefined;
  }
}

/** A fingerprint has one byte in each character, and each is as good as random. */
function chainOf(fingerprint: string): number {
  return (fingerprint.charCodeAt(0) | (fingerprint.charCodeAt(1) << 8)) & (CHAINS - 1);
}
