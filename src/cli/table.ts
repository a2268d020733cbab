import { inert } from './inert.ts';

export type Row = readonly string[];

const GAP = '  ';
const MARKS = /\p{M}/gu;
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\uff01-\uff60]/gu;

export interface Table {
  /** Lines for the first rows, under their titles, and for later ones, at least as wide as those before. */
  lines(rows: readonly Row[]): string;
}

/** Aligns rows under titles as they come, page by page. Every cell is made inert. */
export function createTable(titles: Row): Table {
  const widths = titles.map(widthOf);
  let pending: readonly Row[] = [titles];
  return {
    lines: (rows) => {
      const shown = [...pending, ...rows].map((row) => row.map(inert));
      pending = [];
      for (const row of shown)
        row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, widthOf(cell))));
      return shown.map((row) => toLine(row, widths)).join('');
    },
  };
}

/** Aligned `name  value` lines. */
export function renderPairs(pairs: readonly (readonly [name: string, value: string])[]): string {
  const widths = [Math.max(...pairs.map(([name]) => widthOf(name)))];
  return pairs.map((pair) => toLine(pair.map(inert), widths)).join('');
}

function toLine(cells: Row, widths: readonly number[]): string {
  const padded = cells.map((cell, at) => cell + ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(cell))));
  return `${padded.join(GAP).trimEnd()}\n`;
}

/** Columns on a terminal, near enough: marks take none, East Asian characters and emoji two. */
function widthOf(text: string): number {
  const bare = text.replace(MARKS, '');
  return Array.from(bare).length + (bare.match(WIDE)?.length ?? 0);
}
