import { toInertJson } from './inert.ts';
import { write } from './output.ts';
import { createTable } from './table.ts';
import type { Row } from './table.ts';
import type { CliWorld } from './world.ts';

/** How a long list is shown. */
export interface PagedList<T> {
  readonly titles: Row;
  readonly toRow: (item: T) => Row;
}

/** Renders a list page by page, so that a million items take no more memory than one page. */
interface ListFormat<T> {
  readonly start: string;
  page(items: readonly T[]): string;
  readonly end: string;
}

/** Writes the pages as they come, as a table or as one JSON list. */
export async function writePages<T>(
  { stdout }: Pick<CliWorld, 'stdout'>,
  pages: AsyncIterable<readonly T[]>,
  list: PagedList<T> | 'json',
): Promise<void> {
  const format = list === 'json' ? createJsonList<T>() : createTableList(list);
  await write(stdout, format.start);
  for await (const page of pages) await write(stdout, format.page(page));
  await write(stdout, format.end);
}

function createTableList<T>({ titles, toRow }: PagedList<T>): ListFormat<T> {
  const table = createTable(titles);
  return { start: '', page: (items) => table.lines(items.map(toRow)), end: '' };
}

function createJsonList<T>(): ListFormat<T> {
  let separator = '';
  const toItem = (item: T): string => {
    const text = separator + toInertJson(item);
    separator = ',\n';
    return text;
  };
  return { start: '[', page: (items) => items.map(toItem).join(''), end: ']\n' };
}
