import type { Dialect } from '../http/dialect.ts';
import { fromForwardedMessage } from './request.ts';
import { toForwardedAnswer } from './response.ts';

/** Caddy's `forward_auth`, Traefik's ForwardAuth and our action for HAProxy, configured as in deploy. */
export const FORWARD_AUTH: Dialect = {
  name: 'forward-auth',
  bodyBytesMax: 0,
  fromMessage: fromForwardedMessage,
  toAnswer: toForwardedAnswer,
};
