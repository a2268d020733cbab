import { ConfigProblems, formatProblem } from '../config/problems.ts';
import type { Problem } from '../config/problems.ts';
import { readConfig } from './settings.ts';
import type { ConfigPlace } from './settings.ts';
import type { World } from './world.ts';

export interface ValidationReport {
  /** Empty when the configuration may be served. */
  readonly problems: readonly Problem[];
  /** What is allowed but worth knowing. */
  readonly warnings: readonly string[];
  readonly apis: readonly { readonly name: string; readonly hosts: readonly string[] }[];
}

/** Reads and checks a configuration; makes and changes nothing. */
export async function validateConfig(place: ConfigPlace, world: World): Promise<ValidationReport> {
  try {
    const { document, notices } = readConfig(place, world);
    const apis = document.apis.map(({ api, hosts }) => ({ name: api, hosts }));
    return { problems: [], warnings: notices.map(formatProblem), apis };
  } catch (error) {
    if (!(error instanceof ConfigProblems)) throw error;
    return { problems: error.problems, warnings: [], apis: [] };
  }
}
