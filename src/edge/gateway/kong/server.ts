import type { Dialect } from '../http/dialect.ts';
import { fromKongMessage } from './request.ts';
import { toKongAnswer } from './response.ts';

/** What the plugin sends at most (deploy/kong/kong/plugins/tollgate/facts.lua): the headers that nginx lets a client send, and escapes. */
const BODY_BYTES_MAX = 128 * 1_024;

/** Kong, by the plugin in deploy/kong: it posts a request's facts and gets the whole answer. */
export const KONG: Dialect = {
  name: 'kong',
  bodyBytesMax: BODY_BYTES_MAX,
  fromMessage: fromKongMessage,
  toAnswer: toKongAnswer,
};
