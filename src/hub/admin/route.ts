import type * as z from 'zod';
import type { OperatorRole } from '../../domain/operators.ts';
import type { Operations } from '../../domain/operations.ts';
import { fromBodyIssues, fromQueryIssues } from './problem.ts';
import type { Problem } from './problem.ts';
import { ANSWERS } from './schemas.ts';
import type { AnswerName } from './schemas.ts';

/** What was done, and where what was made can be found. */
export interface Done {
  readonly value: unknown;
  readonly location?: string;
}

interface Definition<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject> {
  readonly method: 'get' | 'post' | 'put' | 'patch';
  /** As in OpenAPI: `/v1/apis/{api}/keys/{key}`. */
  readonly path: string;
  /** Its name for generated clients. */
  readonly name: string;
  readonly summary: string;
  readonly role: OperatorRole;
  readonly params: P;
  readonly query: Q;
  /** Absent: a body is not read. */
  readonly body?: B;
  readonly status: 200 | 201;
  readonly answer: AnswerName;
  readonly run: (
    operations: Operations,
    input: { readonly params: z.output<P>; readonly query: z.output<Q>; readonly body: z.output<B> },
  ) => Promise<Done>;
}

/** One method of one path of the admin API. */
export type Route = Omit<Definition<z.ZodObject, z.ZodObject, z.ZodObject>, 'run'> & {
  /** Judges what was sent, and does what it asks for. */
  readonly handle: (operations: Operations, sent: Sent) => Promise<Done | Problem>;
};

/** What a request holds, before it is judged. */
export interface Sent {
  readonly params: unknown;
  readonly query: unknown;
  /** `{}` where none was sent. */
  readonly body: unknown;
}

/** Ties a route's schemas to what it does: `run` sees only what they have passed. */
export function route<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject>(
  definition: Definition<P, Q, B>,
): Route {
  const { run, ...rest } = definition;
  const readOnly = new Set(Object.keys(ANSWERS[rest.answer].shape));
  return {
    ...rest,
    async handle(operations, sent) {
      const params = rest.params.safeParse(sent.params);
      if (!params.success) return { code: 'not_found', detail: 'there is nothing at this path' };
      const query = rest.query.safeParse(sent.query);
      if (!query.success) return fromQueryIssues(query.error.issues);
      const body = rest.body?.safeParse(sent.body);
      if (body?.success === false) return fromBodyIssues(body.error.issues, readOnly);
      return run(operations, {
        params: params.data,
        query: query.data,
        // Without a schema the type of the body has no member.
        body: (body?.data ?? {}) as z.output<B>,
      });
    },
  };
}

/** A path of ours with its values in it, each percent-encoded. */
export function fillPath(path: string, values: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}
