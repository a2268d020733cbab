import { toSortedLines } from '../client/client.ts';
import type { SeenAnswer } from '../client/client.ts';
import { isCredentialName, isIdentityName } from './names.ts';
import type { WatchedNames } from './names.ts';
import type { AnswerOrName, AnswerText, CaseFile } from './schema.ts';
import { fill } from './words.ts';

/** What is judged of an answer, in the form in which a difference reads best. */
export interface Judged {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
  readonly upstream: readonly string[] | undefined;
}

/** An answer by its name in the file, or made from one that is named. */
export function findAnswer(text: AnswerOrName, file: CaseFile): AnswerText {
  const { like, ...own } = typeof text === 'string' ? { like: text } : text;
  if (like === undefined) return own;
  const base = file.answers[like];
  if (base === undefined) throw new Error(`no answer is named ${like}`);
  const known = findAnswer(base, file);
  return { ...known, ...own, headers: { ...known.headers, ...('headers' in own ? own.headers : {}) } };
}

/** The answer in full, every `${word}` filled. */
export function toJudged(answer: AnswerText, find: (word: string) => string | undefined): Judged {
  const headers = Object.entries({
    ...answer.headers,
    ...limitHeaders(answer),
    ...(answer.retry_after === undefined ? {} : { 'retry-after': String(answer.retry_after) }),
  });
  const { upstream, status } = answer;
  if (status === undefined) throw new Error('an answer without a status judges nothing');
  return {
    status,
    headers: toSortedLines(headers.map(([name, value]) => [name, fill(value, find)])),
    body: fill(answer.body ?? '', find),
    upstream:
      upstream && toSortedLines(Object.entries(upstream).map(([name, value]) => [name, fill(value, find)])),
  };
}

function limitHeaders({ limits }: AnswerText): Record<string, string> {
  if (limits === undefined || limits === null) return {};
  const [limit, remaining, reset] = limits.x;
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(reset),
    'ratelimit-policy': limits.policy,
    ratelimit: limits.now,
  };
}

/**
 * `${86340..86400}` stands for any whole number between the two, because a limit of more than 64 requests counts in runs that
 * may end late by less than a 63rd of the window. It is replaced by the number that was seen where that lies in between.
 */
export function settleRanges(expected: Judged, seen: Judged): Judged {
  const headers = expected.headers.map((line) => {
    const name = line.slice(0, line.indexOf(': ') + 2);
    return settleLine(line, seen.headers.find((other) => other.startsWith(name)) ?? '');
  });
  return { ...expected, headers };
}

const RANGE = /\$\{(\d+)\.\.(\d+)\}/;

function settleLine(line: string, seen: string): string {
  const [range, low, high] = RANGE.exec(line) ?? [];
  if (range === undefined) return line;
  const start = line.indexOf(range);
  const number = /^\d+/.exec(seen.slice(start))?.[0];
  const fits = number !== undefined && Number(number) >= Number(low) && Number(number) <= Number(high);
  return fits ? line.replace(range, number) : line;
}

/** The part of what was seen that an expectation speaks of. An allowed request's body is the upstream's own. */
export function fromSeen(seen: SeenAnswer, names: WatchedNames): Judged {
  return {
    status: seen.status,
    headers: seen.headers,
    body: seen.upstream === undefined ? seen.body : '',
    upstream: seen.upstream?.filter((line) => isWatched(line.slice(0, line.indexOf(':')), names)),
  };
}

function isWatched(name: string, names: WatchedNames): boolean {
  return isCredentialName(name, names) || isIdentityName(name, names);
}
