const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/;

/** Milliseconds of a time in UTC such as `2026-12-01T00:00:00Z`, at most with thousandths of a second; undefined for anything else. */
export function parseInstant(text: string): number | undefined {
  const instantMs = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instantMs)) return undefined;
  // `Date` reads 30 February as 2 March; what it writes back then differs.
  return new Date(instantMs).toISOString().slice(0, 19) === text.slice(0, 19) ? instantMs : undefined;
}

/** The last instant that a `Date` can tell (ECMA-262 §21.4.1.1). */
const INSTANT_MS_MAX = 8.64e15;

/** ISO 8601 in UTC with thousandths of a second; of what is later than any date the last one, for who meant "never" may have said so. */
export function toIsoInstant(instantMs: number): string {
  return new Date(Math.min(instantMs, INSTANT_MS_MAX)).toISOString();
}
