import { parse } from 'yaml';
import * as z from 'zod';
import type { Difference } from '../difference.ts';
import type { LoadedCase } from './load.ts';
import { ANSWER_OR_NAME, HEADER_NAME, REASON } from './schema.ts';
import type { AnswerOrName, RequestStep } from './schema.ts';

const OUTCOMES = {
  /** The gateway answers by itself: nothing of ours is on it, and the request goes no further. */
  answers: z.int().optional(),
  /** Ours, but another one than the table has. */
  answer: ANSWER_OR_NAME.optional(),
  /** The table's answer with another status. */
  status: z.int().optional(),
  /** The case is not sent at all. */
  left_out: z.literal(true).optional(),
};

const EXCEPTION = z
  .strictObject({
    why: REASON,
    /** Titles as the runs print them. */
    cases: z.array(z.string()).min(1),
    /** Counted from 1; absent: every request of the case. */
    step: z.int().min(1).optional(),
    ...OUTCOMES,
  })
  .refine((entry) => Object.keys(OUTCOMES).filter((name) => name in entry).length === 1, {
    error: 'expected one of answers, answer, status, left_out',
  });

const FILE = z.strictObject({
  /** Whether the cases' own `envoy:` holds for this gateway too. */
  like_envoy: z.boolean().default(false),
  /** Headers of ours that this gateway cannot carry to the client. */
  lost: z
    .array(
      z.strictObject({
        why: REASON,
        on: z.enum(['passed', 'refused']),
        /** Absent: whatever the method was. */
        method: z
          .string()
          .regex(/^[A-Z]+$/, 'expected a method in capitals')
          .optional(),
        headers: z.array(HEADER_NAME).min(1),
      }),
    )
    .default([]),
  exceptions: z.array(EXCEPTION).default([]),
});

/** What becomes of a request where that is not what the table says. */
export type Outcome = { readonly answers: number } | { readonly answer: AnswerOrName };

/** What one gateway cannot carry or does differently, with a reason for each. */
export interface DeclaredExceptions {
  /** Of a trial by its title. */
  readonly leavesOut: (title: string) => boolean;
  /** undefined: the table holds. */
  readonly find: (loaded: LoadedCase, step: RequestStep) => Outcome | undefined;
  /** The status that the gateway gives by itself in a trial that is no case of the table; undefined: what the trial wants. */
  readonly findStatus: (title: string) => number | undefined;
  /** The loss of a header by which a difference is declared. */
  readonly findLoss: (difference: Difference, asked: AskedAnswer) => Loss | undefined;
  readonly losses: readonly Loss[];
}

export interface AskedAnswer {
  /** As promised. */
  readonly status: number;
  readonly method: string;
}

export type ExceptionsText = z.infer<typeof FILE>;

/** Throws with place and cause where the text is no list of exceptions. */
export function parseExceptions(text: string): ExceptionsText {
  const read = FILE.safeParse(parse(text));
  if (read.success) return read.data;
  const problems = read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(problems.join('\n'));
}

/** What several files declare together; of two that speak of one step the first holds. */
export function toExceptions(files: readonly ExceptionsText[]): DeclaredExceptions {
  const likeEnvoy = files.some((file) => file.like_envoy);
  const exceptions = files.flatMap((file) => file.exceptions);
  const losses = files.flatMap((file) => file.lost);
  return {
    leavesOut: (title) => exceptions.some((entry) => entry.left_out && entry.cases.includes(title)),
    find: (loaded, step) => findOutcome(exceptions, loaded, step) ?? (likeEnvoy ? step.envoy : undefined),
    findStatus: (title) => exceptions.find(({ cases }) => cases.includes(title))?.answers,
    findLoss: (difference, asked) => losses.find((loss) => declares(loss, difference, asked)),
    losses,
  };
}

export type ExceptionText = ExceptionsText['exceptions'][number];
export type Loss = ExceptionsText['lost'][number];

function findOutcome(
  exceptions: readonly ExceptionText[],
  loaded: LoadedCase,
  step: RequestStep,
): Outcome | undefined {
  const number = loaded.steps.indexOf(step) + 1;
  const entry = exceptions.find(
    ({ cases, step: at }) => cases.includes(loaded.title) && (at === undefined || at === number),
  );
  if (entry?.answers !== undefined) return { answers: entry.answers };
  if (entry?.answer !== undefined) return { answer: entry.answer };
  if (entry?.status !== undefined) return { answer: withStatus(step.answer, entry.status) };
  return undefined;
}

function declares(loss: Loss, difference: Difference, { status, method }: AskedAnswer): boolean {
  const on = status < 400 ? 'passed' : 'refused';
  if (loss.on !== on || (loss.method ?? method) !== method) return false;
  return HEADER_KINDS.has(difference.kind) && 'name' in difference && loss.headers.includes(difference.name);
}

const HEADER_KINDS: ReadonlySet<Difference['kind']> = new Set([
  'header missing',
  'header changed',
  'header added',
]);

function withStatus(answer: AnswerOrName, status: number): AnswerOrName {
  return typeof answer === 'string' ? { like: answer, status } : { ...answer, status };
}
