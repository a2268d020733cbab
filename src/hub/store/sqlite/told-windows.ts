import type { WindowRecord } from '../../../domain/window-batch.ts';

/** Which windows were told of. Nearly all that are looked for are none of them, and are known by one word to be none: no text is made for those. */
export class ToldWindows {
  private readonly firstWords = new Set<number>();
  private readonly names = new Set<string>();

  add(window: WindowRecord): void {
    this.firstWords.add(window.subject.word0);
    this.names.add(nameOf(window));
  }

  has(window: WindowRecord): boolean {
    return this.firstWords.has(window.subject.word0) && this.names.has(nameOf(window));
  }
}

function nameOf({ subject, scope, windowMs }: WindowRecord): string {
  return `${subject.word0},${subject.word1},${subject.word2},${scope},${windowMs}`;
}
