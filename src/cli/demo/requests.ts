import type { DemoKeys } from './world.ts';
import { LAST_KEY } from './world.ts';

/** One request of the demo, and what the API's page promises for it. */
export interface DemoRequest {
  readonly api: string;
  /** What kind of request it is, for people. */
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly credential: Credential | undefined;
  /** How often it is sent; the last answer counts. */
  readonly times: number;
  readonly expect: { readonly status: number; readonly bodyHas: string };
}

export interface Credential {
  readonly header: string;
  readonly scheme: string;
  /** A label of the sample keys, or text that is no key. */
  readonly key: string;
}

/** A request as a client sends it. */
export interface ClientRequest {
  readonly api: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

type Expected = readonly [status: number, bodyHas: string];
type Kind = readonly [what: string, expected: Expected, request?: Partial<DemoRequest>];

const HOSTS: Readonly<Record<string, string>> = {
  truedy: 'api.truedy.ai',
  clary: 'api.claryai.com',
  trackyard: 'api.trackyard.com',
  autype: 'api.autype.com',
  freddy: 'api.freddy.aitronos.com',
};

/** The echo service behind the gateway answers with the path it received. */
const PASSED = 200;
const FREE_TIER_A_MINUTE = 10;

const bearer = (key: string): Credential => ({ header: 'authorization', scheme: 'Bearer ', key });
const xApiKey = (key: string): Credential => ({ header: 'x-api-key', scheme: '', key });
const apiKey = (key: string): Credential => ({ header: 'api-key', scheme: '', key });

export const DEMO_REQUESTS: readonly DemoRequest[] = [
  ...requestsOf('truedy', '/api/public/v1/videos', [
    ['allowed', [PASSED, '/api/public/v1/videos'], { credential: bearer('truedy') }],
    ['no key', [401, 'Invalid or missing API key']],
    ['no such key', [401, 'Invalid or missing API key'], { credential: bearer('truedy_nonsense') }],
    ['revoked key', [401, 'Invalid or missing API key'], { credential: bearer('truedy revoked') }],
    ['from another address', [403, '"error"'], { credential: bearer('truedy office') }],
    ['trial not started', [402, 'trial_not_started'], { credential: bearer('truedy newcomer') }],
    ['trial expired', [402, 'trial_expired'], { credential: bearer('truedy ended') }],
    ['no subscription', [402, 'subscription_inactive'], { credential: bearer('truedy lapsed') }],
    ['out of credits', [402, 'insufficient_credits'], { credential: bearer('truedy spent') }],
    ['second of 1/minute', [429, '"error"'], { credential: bearer('truedy slow'), times: 2 }],
  ]),
  ...requestsOf('clary', '/v1/documents', [
    ['allowed', [PASSED, '/v1/documents'], { credential: bearer('clary reader') }],
    ['no key', [401, 'Invalid API key']],
    [
      'permission missing',
      [403, 'Insufficient permissions'],
      { credential: bearer('clary reader'), method: 'POST' },
    ],
  ]),
  ...requestsOf('trackyard', '/api/external/v1/leads', [
    ['allowed', [PASSED, '/api/external/v1/leads'], { credential: bearer('trackyard') }],
    ['no key', [401, '"error"']],
    ['revoked key', [401, '"error"'], { credential: bearer('trackyard revoked') }],
    [
      'admin endpoint',
      [403, '"error"'],
      { credential: bearer('trackyard'), path: '/api/external/v1/admin/users' },
    ],
    [
      'eleventh of 10/minute',
      [429, '"error"'],
      { credential: bearer('trackyard busy'), times: FREE_TIER_A_MINUTE + 1 },
    ],
  ]),
  ...requestsOf('autype', '/api/v1/dev/documents', [
    ['allowed', [PASSED, '/api/v1/dev/documents'], { credential: xApiKey('autype') }],
    ['no key', [401, 'API key is required']],
    ['Bearer is no key here', [401, 'API key is required'], { credential: bearer('autype') }],
    ['no such key', [401, 'Invalid or expired API key'], { credential: xApiKey('ak_nonsense') }],
    ['out of credits', [402, '"statusCode":402'], { credential: xApiKey('autype spent') }],
  ]),
  ...requestsOf('freddy', '/v1/models', [
    ['allowed', [PASSED, '/v1/models'], { credential: apiKey('freddy') }],
    ['no key', [401, 'Missing authentication']],
    ['no such key', [401, 'Invalid API key'], { credential: apiKey('fr_nonsense') }],
    ['account suspended', [401, 'Account suspended'], { credential: apiKey('freddy frozen') }],
  ]),
];

/** Allowed as soon as the edge knows every sample key. */
export const LAST_REQUEST: DemoRequest = {
  ...toRequest('freddy', '/v1/models', ['ready', [PASSED, '']]),
  credential: apiKey(LAST_KEY),
};

export function toClientRequest(request: DemoRequest, keys: DemoKeys): ClientRequest {
  const { api, method, path, credential } = request;
  const headers =
    credential === undefined
      ? {}
      : { [credential.header]: credential.scheme + (keys.get(credential.key) ?? credential.key) };
  return { api, host: HOSTS[api] ?? '', method, path, headers };
}

function requestsOf(api: string, path: string, kinds: readonly Kind[]): readonly DemoRequest[] {
  return kinds.map((kind) => toRequest(api, path, kind));
}

function toRequest(api: string, path: string, [what, [status, bodyHas], request]: Kind): DemoRequest {
  return {
    api,
    what,
    method: 'GET',
    path,
    credential: undefined,
    times: 1,
    expect: { status, bodyHas },
    ...request,
  };
}
