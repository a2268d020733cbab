/** What was made of an object, for when the same object comes again: made when it comes a second time, for many come only once. Bounded by its slots. */
export class MadeOnce<Source extends object, Made> {
  private readonly slots: number;
  private readonly make: (source: Source) => Made;
  private readonly sources: (Source | undefined)[];
  private readonly made: (Made | undefined)[];

  /** What comes again is found only while no other source has taken its slot. */
  constructor(slots: number, make: (source: Source) => Made) {
    this.slots = slots;
    this.make = make;
    this.sources = Array.from({ length: slots });
    this.made = Array.from({ length: slots });
  }

  /** `number`, whole and at least 0, chooses the slot. undefined where the source has not come before, or others came since. */
  find(number: number, source: Source): Made | undefined {
    const slot = number % this.slots;
    if (this.sources[slot] === source) return (this.made[slot] ??= this.make(source));
    this.sources[slot] = source;
    this.made[slot] = undefined;
    return undefined;
  }
}
