import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { CASE_FILE } from './schema.ts';
import type { Case, CaseFile, Step } from './schema.ts';

/** The cases of the documented APIs. */
export const CASES = new URL('../cases/', import.meta.url);

/** One case, ready to run: what its file shares is filled in. */
export interface LoadedCase {
  /** The file's name without its ending, and the case's own. */
  readonly title: string;
  readonly file: CaseFile;
  readonly text: Case;
  readonly steps: readonly Step[];
  /** Its place in the table; gives it a month and names of its own. */
  readonly index: number;
}

/** Every case of every file, in the order of the files' names, but first the one whose time is the page's own. Throws, naming file and place, where one does not keep to the schema. */
export function loadCases(folder: URL): readonly LoadedCase[] {
  const path = fileURLToPath(folder);
  const names = globSync('*.yaml', { cwd: path }).sort();
  const cases = names.flatMap((name) => loadFile(join(path, name)));
  const { front = [], rest = [] } = Object.groupBy(cases, ({ text }) =>
    text.starts === 'the_time_of_the_page' ? 'front' : 'rest',
  );
  if (front.length > 1) throw new Error('only one case can begin at the time of the page');
  return [...front, ...rest].map((loaded, index) => Object.assign(loaded, { index }));
}

function loadFile(path: string): readonly Omit<LoadedCase, 'index'>[] {
  const read = CASE_FILE.safeParse(parse(readFileSync(path, 'utf8')));
  if (!read.success) {
    const problems = read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`${path}:\n${problems.join('\n')}`);
  }
  const file = read.data;
  const area = basename(path, '.yaml');
  return file.cases.map((text) => ({ title: `${area}: ${text.name}`, file, text, steps: stepsOf(text) }));
}

/** A case that is one request may say so without a list. */
function stepsOf(text: Case): readonly Step[] {
  if ((text.steps === undefined) === (text.answer === undefined)) {
    throw new Error(`${text.name}: a case has either steps or an answer`);
  }
  if (text.steps !== undefined) {
    if (text.send !== undefined || text.envoy !== undefined || text.request_id !== undefined) {
      throw new Error(`${text.name}: in a case with steps, requests belong to the steps`);
    }
    return text.steps;
  }
  const { send, answer, envoy, request_id } = text;
  return [{ send, answer: answer ?? '', envoy, request_id }];
}
