/** Notices what has not moved for too long. */
export class Standstill {
  private readonly patienceMs: number;
  private mark: number | undefined;
  private sinceMs = 0;

  constructor(patienceMs: number) {
    this.patienceMs = patienceMs;
  }

  /** `mark` grows whenever something moves; undefined while nothing has to. Times are monotonic, in milliseconds. */
  isOver(mark: number | undefined, nowMs: number): boolean {
    if (mark === undefined || mark !== this.mark) {
      this.mark = mark;
      this.sinceMs = nowMs;
      return false;
    }
    return nowMs - this.sinceMs > this.patienceMs;
  }
}
