import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { createEdgeTokens } from '../../../src/compose/edge-tokens.ts';
import { compile } from '../../../src/config/compile.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import { DependencyDown } from '../../../src/ports.ts';
import { createTestClock } from '../../world.ts';
import { load } from '../config/world.ts';
import { FULL_API } from '../edge/pipeline/world.ts';

const START_MS = Date.UTC(2026, 10, 22, 12);
const BUDGET_MS = 120;

afterEach(() => void vi.useRealTimers());

/** The key set of an issuer whose server takes connections and never answers. */
async function silentIssuer(): Promise<string> {
  const server = createServer((socket) => onTestFinished(() => void socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
}

function policyWith(url: string): Policy {
  const issuer = {
    issuer: 'https://issuer.example',
    algorithms: ['ES256'],
    audiences: ['one'],
    keys: { url, private_addresses: 'allow' },
    claims: { account: 'sub' },
  };
  const jwt = '      - jwt: { header: Authorization, scheme: Bearer }\n    routes:\n';
  const api = FULL_API.replace('    routes:\n', jwt);
  return compile(
    load({ api: `${api}tokens: ${JSON.stringify({ issuers: { outside: issuer } })}\n` }).document,
  );
}

function tokenOf(claims: object): string {
  const parts = [{ alg: 'ES256', kid: 'k1' }, claims].map((part) => JSON.stringify(part));
  return [...parts, 'x'.repeat(64)].map((part) => Buffer.from(part).toString('base64url')).join('.');
}

test.each([
  { asked: undefined, is: BUDGET_MS },
  { asked: Infinity, is: BUDGET_MS },
  { asked: 40, is: 40 },
])(
  'no check waits longer for an issuer’s keys than its budget: asked for $asked ms, $is ms',
  async ({ asked, is }) => {
    const policy = policyWith(await silentIssuer());
    const clock = createTestClock(START_MS);
    const keys = { findSigners: () => [], findSessionKey: () => undefined };
    const tokens = createEdgeTokens({ policy, keys, clock, budgetMs: BUDGET_MS, onNote: () => undefined });
    onTestFinished(() => tokens.close());
    const [api] = policy.apis;
    if (api === undefined) throw new Error('no API');
    const seconds = START_MS / 1_000;
    const token = tokenOf({
      iss: 'https://issuer.example',
      aud: 'one',
      sub: 'a',
      iat: seconds,
      exp: seconds + 60,
    });

    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let ended: unknown;
    const verified = Promise.resolve(tokens.verify(api, token, clock.now(), asked)).catch(
      (error: unknown) => (ended = error),
    );
    await vi.advanceTimersByTimeAsync(is - 1);
    expect(ended).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await verified;
    expect(ended).toBeInstanceOf(DependencyDown);
  },
);
