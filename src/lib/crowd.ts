/** The place of one that has left. */
const NOWHERE = -1;

/** Of a crowd: made with `place: -1`, which only the crowd changes. */
export interface Member {
  place: number;
}

/**
 * Who waits, in no order, and may leave at any time. A Set or Map that checks pass through is made anew every few of them, and each old
 * table keeps the next one alive with all it held: once one was old enough for the long collections, every check was (6 of the 24 µs of a
 * charged one).
 */
export class Crowd<M extends Member> {
  private readonly members: M[] = [];

  get size(): number {
    return this.members.length;
  }

  enter(member: M): void {
    member.place = this.members.push(member) - 1;
  }

  /** False where it had left before. */
  leave(member: M): boolean {
    const { place } = member;
    if (place === NOWHERE) return false;
    member.place = NOWHERE;
    const last = this.members.pop();
    if (last !== undefined && last !== member) {
      this.members[place] = last;
      last.place = place;
    }
    return true;
  }

  /** From the last to the first: whoever leaves gives its place to the last one, which was told then. Any of them may leave as they are told. */
  *[Symbol.iterator](): Generator<M, void> {
    for (let place = this.members.length - 1; place >= 0; place -= 1) {
      const member = this.members[place];
      if (member !== undefined) yield member;
    }
  }
}
