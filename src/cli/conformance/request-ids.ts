/** The ids that Tollgate makes for requests which come without one: how many, and the last. */
export interface MadeIds {
  readonly count: () => number;
  readonly last: () => string;
}

export interface RequestIds extends MadeIds {
  readonly next: () => string;
}

/** The same ids, counted and the last one remembered. */
export function watchIds(make: () => string): RequestIds {
  let count = 0;
  let last = '';
  return {
    next() {
      count += 1;
      last = make();
      return last;
    },
    count: () => count,
    last: () => last,
  };
}
