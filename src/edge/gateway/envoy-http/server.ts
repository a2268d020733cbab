import type { Dialect } from '../http/dialect.ts';
import { fromEnvoyMessage } from './request.ts';
import { toEnvoyAnswer } from './response.ts';

/** Envoy's `ext_authz` filter with `http_service`, configured as in deploy/envoy-http.yaml. */
export const ENVOY_HTTP: Dialect = {
  name: 'envoy-http',
  bodyBytesMax: 0,
  fromMessage: fromEnvoyMessage,
  toAnswer: toEnvoyAnswer,
};
