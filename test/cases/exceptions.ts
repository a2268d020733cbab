import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import type { LoadedCase } from './load.ts';
import { ANSWER_OR_NAME, REASON } from './schema.ts';
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
        method: z.string().optional(),
        headers: z.array(z.string()).min(1),
      }),
    )
    .default([]),
  exceptions: z.array(EXCEPTION).default([]),
});

/** What becomes of a request where that is not what the table says. */
export type Outcome = { readonly answers: number } | { readonly answer: AnswerOrName };

/** What one gateway cannot carry or does differently, with a reason for each. */
export interface GatewayExceptions {
  readonly leavesOut: (loaded: LoadedCase) => boolean;
  /** undefined: the table holds. */
  readonly find: (loaded: LoadedCase, step: RequestStep) => Outcome | undefined;
  /** Names of headers that do not arrive on an answer with this status to a request by this method. */
  readonly lost: (status: number, method: string) => ReadonlySet<string>;
  /** Titles of which there is no case. */
  readonly listStale: (all: readonly LoadedCase[]) => readonly string[];
}

function withStatus(answer: AnswerOrName, status: number): AnswerOrName {
  return typeof answer === 'string' ? { like: answer, status } : { ...answer, status };
}

/** Reads `gateways/<name>.yaml`. Throws where it does not keep to its schema. */
export function loadExceptions(name: string): GatewayExceptions {
  const file = FILE.parse(parse(readFileSync(new URL(`gateways/${name}.yaml`, import.meta.url), 'utf8')));
  const { like_envoy: likeEnvoy, exceptions } = file;
  return {
    leavesOut: ({ title }) => exceptions.some((entry) => entry.left_out && entry.cases.includes(title)),
    find(loaded, step) {
      const number = loaded.steps.indexOf(step) + 1;
      const entry = exceptions.find(
        ({ cases, step: at }) => cases.includes(loaded.title) && (at === undefined || at === number),
      );
      if (entry?.answers !== undefined) return { answers: entry.answers };
      if (entry?.answer !== undefined) return { answer: entry.answer };
      if (entry?.status !== undefined) return { answer: withStatus(step.answer, entry.status) };
      return likeEnvoy ? step.envoy : undefined;
    },
    lost(status, method) {
      const on = status < 400 ? 'passed' : 'refused';
      const fits = file.lost.filter((entry) => entry.on === on && (entry.method ?? method) === method);
      return new Set(fits.flatMap(({ headers }) => headers));
    },
    listStale: (all) =>
      exceptions.flatMap(({ cases }) => cases.filter((title) => !all.some((each) => each.title === title))),
  };
}
