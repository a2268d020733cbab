/** Where in a file a value stands, from the root down. */
export type KeyPath = readonly (string | number)[];

/** What is wrong with the value at a path, before it is known in which line that stands. */
export interface Fault {
  readonly path: KeyPath;
  /** What was meant; a whole sentence where `found` is not asked for. Never a secret. */
  readonly message: string;
  /** Puts what the file says there before the message. */
  readonly showFound?: true;
  /** Points at the key itself instead of at its value. */
  readonly atKey?: true;
}

/** One thing to mend. */
export interface Problem {
  /** As it was named to us; `--set` where the value came from the command line. */
  readonly file: string;
  /** From 1; 0 where no line can be named. */
  readonly line: number;
  readonly column: number;
  /** `areas[0].routes[1].method`; '' for a file as a whole. */
  readonly key: string;
  /** What was found and what was meant. Never a secret. */
  readonly message: string;
}

/** More are not worth reading at once. */
export const PROBLEMS_MAX = 200;

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigProblems extends Error {
  override readonly name = 'ConfigProblems';
  /** By file, line and column. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = sortProblems(problems);
    super(toText(sorted));
    this.problems = sorted;
  }
}

/** `config/apis/truedy.yaml:12:5: areas[0].path: found …` */
export function formatProblem({ file, line, column, key, message }: Problem): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return key === '' ? `${place}: ${message}` : `${place}: ${key}: ${message}`;
}

/** `areas[0].path` */
export function formatPath(path: KeyPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** Files stay in the order in which they were read: the first one names the others. */
function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const files = [...new Set(problems.map((problem) => problem.file))];
  return problems.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}

function toText(problems: readonly Problem[]): string {
  const lines = problems.slice(0, PROBLEMS_MAX).map(formatProblem);
  const more = problems.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more problems`] : [])].join('\n');
}
