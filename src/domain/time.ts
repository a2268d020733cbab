/**
 * One reading of both clocks, taken once per check and passed on.
 * Windows and waits use the monotonic side, which never jumps; expiry and months use the wall side.
 */
export interface Now {
  /** Milliseconds since the Unix epoch, never smaller than an earlier reading in the same process. */
  readonly wallMs: number;
  /** Milliseconds since an arbitrary start, with fractions; never goes back, never jumps. */
  readonly monotonicMs: number;
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Of the latest answer: a Date takes 0.1 µs, and nearly all who ask ask about today. */
let knownDay = Number.NaN;
let knownMonth = Number.NaN;

/** The calendar month of a wall time in UTC, as one number that grows by one a month (year × 12 + month). */
export function monthOf(wallMs: number): number {
  const day = Math.floor(wallMs / DAY_MS);
  if (day === knownDay) return knownMonth;
  const date = new Date(wallMs);
  knownDay = day;
  knownMonth = date.getUTCFullYear() * 12 + date.getUTCMonth();
  return knownMonth;
}
