import type { Decision, Denial, RefusalCode } from '../../../../src/domain/decision.ts';
import type { LimitState } from '../../../../src/domain/limit.ts';
import type { Principal } from '../../../../src/domain/principal.ts';
import type { AuthzRequest } from '../../../../src/domain/request.ts';
import type { RenderInput } from '../../../../src/edge/render/render.ts';
import { compile } from '../../../../src/config/compile.ts';
import { load } from '../../config/world.ts';
import type { World } from '../../config/world.ts';

export const WALL_MS = Date.UTC(2026, 1, 4, 12, 0, 0, 999);
export const REQUEST_ID = '6f1c2c0e-7a55-4a4e-9d4f-0c9a3f5b7d21';

export function requestOf(headers: Readonly<Record<string, string>> = {}): AuthzRequest {
  return {
    gateway: 'envoy-grpc',
    gatewayRequestId: '',
    gatewayTime: '',
    method: 'GET',
    target: '/v1',
    host: 'one.example',
    namedApi: '',
    peerAddress: '',
    headers: {
      all: (name) => (headers[name] === undefined ? [] : [headers[name]]),
      names: () => Object.keys(headers),
    },
  };
}

export function principalOf(account = 'acme'): Principal {
  const subject = { word0: 1, word1: 2, word2: 3 };
  return {
    credential: 'api_key',
    keyRow: 1,
    keyId: 'key_000000000000000000000001',
    expiresAtMs: Infinity,
    subject,
    profile: { tier: -1, permissions: new Set(), role: '', allowlist: undefined, limits: [] },
    account: {
      row: 1,
      id: account,
      tier: 0,
      standing: 'ok',
      billing: 'active',
      trialEndsMs: Infinity,
      subject,
    },
  };
}

export function stateOf(
  state: Partial<Omit<LimitState, 'limit'>> & Partial<LimitState['limit']>,
): LimitState {
  const { scope = 'key', count = 10, windowMs = 60_000, name = 'key-minute' } = state;
  const { remaining = 0, resetMs = 0, waitMs = 0 } = state;
  return { limit: { scope, count, windowMs, name }, remaining, resetMs, waitMs };
}

/** The decision that refuses with a code. */
export function decisionFor(code: RefusalCode, limits?: readonly LimitState[]): Decision {
  const reached = limits === undefined ? {} : { limits };
  if (code === 'unavailable') return { kind: 'outage', dependency: 'directory', ...reached };
  if (code === 'internal_error') return { kind: 'bug', ...reached };
  const data = { fault: 'unknown', permission: 'read', feature: 'exports', role: 'admin' };
  return { kind: 'deny', denial: { code, ...data } as unknown as Denial, ...reached };
}

/** What is asked of the small API of the configuration's tests, or of one that the world makes of it. */
export function inputOf(
  decision: Decision,
  change: Partial<RenderInput> = {},
  world: World = {},
): RenderInput {
  const policy = compile(load(world).document);
  const api = policy.apis[0];
  return {
    api,
    errors: api?.errors ?? policy.fallbackErrors,
    challenge: 'Bearer realm="one"',
    decision,
    request: requestOf(),
    newRequestId: () => REQUEST_ID,
    wallMs: WALL_MS,
    credentialHeaders: policy.credentialHeaders,
    ...change,
  };
}
