import { NoAnswer } from './client/raw-http.ts';
import type { Difference } from './difference.ts';

/** Something that is tried through a gateway, beside the table's cases. */
export interface Trial<Field> {
  readonly title: string;
  /** How what came of it differs from what must; none where all is well. May reject with `NoAnswer`. */
  readonly take: (field: Field) => Promise<readonly Difference[]>;
}

export async function takeTrial<Field>(trial: Trial<Field>, field: Field): Promise<readonly Difference[]> {
  return trial.take(field).catch(toNoAnswer);
}

/** An answer that did not come is a difference; anything else that was thrown is a bug. */
export function toNoAnswer(error: unknown): readonly Difference[] {
  if (error instanceof NoAnswer) return [{ kind: 'no answer', why: error.message }];
  throw error;
}
