import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const README = new URL('../../README.md', import.meta.url);

/** When, by what and on what the figures below it were measured. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const day = new Date().toISOString().slice(0, 10);
  return `Measured on ${day}, Node ${process.version}, ${cpus().length} × ${cpu?.model ?? 'unknown processor'}, load generator on the same cores.`;
}

/** Puts a report between `<!-- name -->` and `<!-- /name -->`. Throws where the README has no such place. */
export async function showInReadme(name: string, report: string): Promise<void> {
  const readme = readFileSync(README, 'utf8');
  const place = new RegExp(`(<!-- ${name} -->)[\\s\\S]*(<!-- /${name} -->)`);
  if (!place.test(readme)) throw new Error(`the README has no place for ${name}`);
  const shown = readme.replace(place, (_, start: string, end: string) => `${start}\n\n${report}\n${end}`);
  const options = await resolveConfig(fileURLToPath(README));
  writeFileSync(README, await format(shown, { ...options, parser: 'markdown' }));
}
