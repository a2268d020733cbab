/**
 * Characters that a terminal obeys instead of showing: C0 and C1 controls, line and paragraph separators, and those that
 * reorder or hide text (bidirectional controls, zero-width characters, tags). Names are chosen by strangers.
 */
const ACTIVE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
const ACTIVE_BUT_NEWLINE = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\u2028\u2029]/gu;
/** The same inside JSON, where a `\u` escape keeps the value; JSON has escaped C0 controls and lone surrogates already. */
const ACTIVE_IN_JSON = /[\u007f-\u009f\p{Cf}\u2028\u2029]/gu;

/** The text with every active character written as `\u{…}`. */
export function inert(text: string): string {
  return text.replace(ACTIVE, toEscape);
}

/** The same for text of several lines. */
export function inertLines(text: string): string {
  return text.replace(ACTIVE_BUT_NEWLINE, toEscape);
}

/** One line of JSON that equals the value and that no terminal obeys. */
export function toInertJson(value: unknown): string {
  return JSON.stringify(value).replace(ACTIVE_IN_JSON, toJsonEscape);
}

function toEscape(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

function toJsonEscape(character: string): string {
  // Split by UTF-16 unit: JSON escapes name units, and some of these characters have two.
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}
