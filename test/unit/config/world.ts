import { loadConfig } from '../../../src/config/load.ts';
import type { LoadedConfig } from '../../../src/config/load.ts';
import { ConfigProblems, formatProblem } from '../../../src/config/problems.ts';

/** A small valid configuration; tests break it one line at a time. */
export const SERVER = `mode: development
apis: [apis/one.yaml]
`;

export const API = `api: one
hosts: [one.example]
keys: { prefix: one_ }
permissions: [read]
roles: [admin]
default_tier: free
tiers:
  free: { limits: { key: [10/minute] } }
  pro: { features: [exports] }
areas:
  - path: /v1
    challenge: Bearer realm="one"
    credentials:
      - api_key: { header: Authorization, scheme: Bearer }
    routes:
      - { path: /**, credits: 1, needs: { permission: read, role: admin, feature: exports } }
errors:
  body: { error: { code: $code, message: $message, details: $details } }
  request_ambiguous: { code: bad, message: Bad }
  not_found: { code: nope, message: Nope }
  credential_invalid: { code: unauthorized, message: Unauthorized }
  credential_missing: { same_as: credential_invalid }
  account_suspended: { same_as: credential_invalid }
  account_disabled: { same_as: credential_invalid }
  permission_missing: { code: forbidden, message: Forbidden }
  feature_missing: { same_as: permission_missing }
  role_missing: { same_as: permission_missing }
  address_not_allowed: { same_as: permission_missing }
  rate_limited: { code: slow, message: Slow down }
  insufficient_credits: { code: pay, message: Pay }
  unavailable: { code: down, message: Down }
  internal_error: { code: bug, message: Bug }
`;

/** A key in the issued shape of the prefix \`one_\`: GitHub's public example of digits and checksum. */
export const KEY = 'one_qkJaB6MffYVzZXWqmcoF49yrUxP3wf0LsakP';

export interface World {
  readonly server?: string;
  readonly api?: string;
  /** Further files by path below \`config/\`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly sets?: readonly string[];
  readonly nowMs?: number;
}

export function load({
  server = SERVER,
  api = API,
  files = {},
  env = {},
  sets = [],
  nowMs = Date.UTC(2026, 10, 22),
}: World = {}): LoadedConfig {
  const all = new Map(Object.entries({ 'tollgate.yaml': server, 'apis/one.yaml': api, ...files }));
  const readFile = (path: string): string => {
    const text = all.get(path.replace(/^config\//, ''));
    if (text === undefined) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' });
    return text;
  };
  return loadConfig({ path: 'config/tollgate.yaml', readFile, env, sets, nowMs });
}

/** The problems of a configuration as they are shown; empty where there are none. */
export function problemsOf(world: World): string[] {
  try {
    load(world);
    return [];
  } catch (error) {
    if (error instanceof ConfigProblems) return error.problems.map(formatProblem);
    throw error;
  }
}

/** A text with one place changed; fails where the place is not there exactly once. */
export function change(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) throw new Error(`not exactly once in the text: ${from}`);
  return text.replace(from, () => to);
}
