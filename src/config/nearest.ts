/** Longer texts are not slips of the pen, and comparing them would cost the square of their length. */
const CHARS_MAX = 64;

/** The known name that is likely meant; undefined where none is close: a third of the letters may differ, two always. */
export function findNearest(text: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let leastEdits = Math.max(2, Math.floor(text.length / 3)) + 1;
  for (const candidate of known) {
    const edits = countEdits(text, candidate);
    if (edits >= leastEdits || edits >= candidate.length) continue;
    nearest = candidate;
    leastEdits = edits;
  }
  return nearest;
}

/** Insertions, deletions and replacements that lead from one text to the other (Levenshtein's distance). */
function countEdits(from: string, to: string): number {
  if (from.length > CHARS_MAX || to.length > CHARS_MAX) return Infinity;
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 0; row < from.length; row += 1) {
    const line = [row + 1];
    for (let column = 0; column < to.length; column += 1) {
      const replaced = (above[column] ?? Infinity) + (from[row] === to[column] ? 0 : 1);
      line.push(Math.min(replaced, (above[column + 1] ?? Infinity) + 1, (line[column] ?? Infinity) + 1));
    }
    above = line;
  }
  return above.at(-1) ?? Infinity;
}
