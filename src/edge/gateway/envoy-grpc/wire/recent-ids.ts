/** The latest few ids that were added; the one that was added first is forgotten first. */
export class RecentIds {
  private readonly ids: Int32Array;
  private next = 0;

  constructor(count: number) {
    this.ids = new Int32Array(count);
  }

  /** Ids are above 0. */
  add(id: number): void {
    this.ids[this.next] = id;
    this.next = this.next + 1 === this.ids.length ? 0 : this.next + 1;
  }

  has(id: number): boolean {
    return this.ids.includes(id);
  }
}
