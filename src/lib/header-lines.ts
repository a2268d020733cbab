/** Name in lower case and value, one character a byte. */
export type HeaderLine = readonly [name: string, value: string];

/** Names and values in turn, as Node's `rawHeaders` have them: Node joins or drops repeated lines elsewhere, these are all of them. */
export function toHeaderLines(rawHeaders: readonly string[]): HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    lines.push([(rawHeaders[at] ?? '').toLowerCase(), rawHeaders[at + 1] ?? '']);
  }
  return lines;
}

/** The value of a header that came once; undefined where it is absent or came more often. */
export function readOnce(lines: readonly HeaderLine[], wanted: string): string | undefined {
  let found: string | undefined;
  for (const [name, value] of lines) {
    if (name !== wanted) continue;
    if (found !== undefined) return undefined;
    found = value;
  }
  return found;
}
