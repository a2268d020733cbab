import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

/** A page with what stands between `<!-- name -->` and `<!-- /name -->` made anew, formatted as the repository is. Throws where the place is missing. */
export async function renderBlock(page: string, name: string, content: string): Promise<string> {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const text = readFileSync(page, 'utf8');
  const [before, after] = [text.indexOf(begin), text.indexOf(end)];
  if (before === -1 || after < before) throw new Error(`${page} has no ${begin} … ${end}`);
  const filled = `${text.slice(0, before)}${begin}\n\n${content}\n\n${text.slice(after)}`;
  return format(filled, { ...(await resolveConfig(page)), filepath: page });
}
