import type { LintRule } from '../rule.ts';
import { ENVOY_CHECK_RULES } from './envoy-checks.ts';
import { ENVOY_GRPC_CHECK_RULES } from './envoy-grpc-checks.ts';
import { ENVOY_HTTP_CHECK_RULES } from './envoy-http-checks.ts';
import { ENVOY_LISTENER_RULES } from './envoy-listeners.ts';

/** Of Envoy's own configuration, in any version from 1.36 on. */
export const ENVOY_RULES: readonly LintRule[] = [
  ...ENVOY_LISTENER_RULES,
  ...ENVOY_CHECK_RULES,
  ...ENVOY_GRPC_CHECK_RULES,
  ...ENVOY_HTTP_CHECK_RULES,
];
