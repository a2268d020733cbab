const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION = /^(0|[1-9]\d{0,11})(ms|s|m|h|d)$/;

/** A hundred years: longer is a slip of the pen. */
export const DURATION_MS_MAX = 36_500 * 86_400_000;

/** Milliseconds of `250ms`, `10s`, `30m`, `12h`, `90d`: a whole number and one unit, from 0 to DURATION_MS_MAX; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, count = '', unit = ''] = DURATION.exec(text) ?? [];
  const durationMs = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  return durationMs <= DURATION_MS_MAX ? durationMs : undefined;
}
