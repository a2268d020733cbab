import type { Dialect } from '../http/dialect.ts';
import { fromNginxMessage } from './request.ts';
import { toNginxAnswer } from './response.ts';

/** NGINX's `auth_request`, configured as in deploy/nginx. */
export const NGINX: Dialect = {
  name: 'nginx',
  bodyBytesMax: 0,
  fromMessage: fromNginxMessage,
  toAnswer: toNginxAnswer,
};
