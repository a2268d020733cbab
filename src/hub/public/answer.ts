import type { RefusalCode } from '../../domain/decision.ts';
import type { HeaderPair, Reply } from '../../domain/reply.ts';

/** What goes back to the client. */
export type Answer = Pick<Reply, 'status' | 'clientHeaders' | 'body'>;

/** A refusal that the endpoint's dialect has words for: the API's own, or those of OAuth. */
export interface Refusal {
  readonly refuse: RefusalCode;
  /** In place of the refusal's own. */
  readonly status?: number;
  /** Besides its own. */
  readonly headers?: readonly HeaderPair[];
}

const NO_STORE: HeaderPair = ['cache-control', 'no-store'];
const JSON_TYPE: HeaderPair = ['content-type', 'application/json'];

/** A body of JSON text that nobody keeps. */
export function toJsonAnswer(body: string): Answer {
  return { status: 200, clientHeaders: [JSON_TYPE, NO_STORE], body };
}

export function toEmptyAnswer(): Answer {
  return { status: 204, clientHeaders: [NO_STORE], body: '' };
}

/** What everybody may know and keep for a while. `type`: its media type. */
export function toPublicAnswer(
  body: string,
  { type, maxAgeSeconds }: { readonly type: string; readonly maxAgeSeconds: number },
): Answer {
  return {
    status: 200,
    clientHeaders: [
      ['content-type', type],
      ['cache-control', `public, max-age=${maxAgeSeconds}`],
    ],
    body,
  };
}
