/** A clock that is read once a turn and not once a call. */
export class CoarseClock {
  private readonly nowMs: () => number;
  /** Monotonic, as it was when something was read or looked after last. */
  coarseMs: number;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
    // Not 0: the first look after calls would find all of them late.
    this.coarseMs = nowMs();
  }

  update(): number {
    this.coarseMs = this.nowMs();
    return this.coarseMs;
  }
}
