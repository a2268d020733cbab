import type { Fault } from '../problems.ts';
import type { Sections } from '../sections.ts';

/** A rule over several sections of a file. It is asked only where none of them is broken, so that one mistake is told once. */
export interface Check<T> {
  readonly reads: readonly (keyof T)[];
  readonly find: (sections: T) => readonly Fault[];
}

/** Lets a rule see the sections that it names, and no others. */
export function checkOf<T>() {
  return <K extends keyof T>(
    reads: readonly K[],
    find: (sections: Pick<T, K>) => readonly Fault[],
  ): Check<T> => ({ reads, find });
}

export function runChecks<T>(checks: readonly Check<T>[], { values, broken }: Sections<T>): Fault[] {
  return checks
    .filter(({ reads }) => !reads.some((section) => broken.has(section)))
    .flatMap(({ find }) => find(values as T));
}
