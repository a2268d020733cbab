import type { Stream } from './stream.ts';

/**
 * A connection's open calls. Nearly every call is over before the next one opens, so the newest stands beside the table: a Map in which
 * each is set and deleted is made anew every few calls, 90 bytes a call that outlive young collections and bring on the long ones.
 */
export class OpenStreams {
  private newest: Stream | undefined;
  private readonly older = new Map<number, Stream>();

  get size(): number {
    return this.newest === undefined ? this.older.size : this.older.size + 1;
  }

  find(id: number): Stream | undefined {
    const { newest, older } = this;
    if (newest?.id === id) return newest;
    return older.size === 0 ? undefined : older.get(id);
  }

  add(stream: Stream): void {
    if (this.newest !== undefined) this.older.set(this.newest.id, this.newest);
    this.newest = stream;
  }

  remove(stream: Stream): void {
    if (this.newest === stream) this.newest = undefined;
    else this.older.delete(stream.id);
  }

  /** In the order in which they opened; each may be removed as it comes. */
  *[Symbol.iterator](): Generator<Stream, void> {
    yield* this.older.values();
    if (this.newest !== undefined) yield this.newest;
  }
}
