import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { compile } from '../../../../src/config/compile.ts';
import type { Policy } from '../../../../src/domain/policy.ts';
import { createTokenVerifier } from '../../../../src/edge/tokens/verifier.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import { createTestClock } from '../../../world.ts';
import { load } from '../../config/world.ts';
import { FULL_API } from '../pipeline/world.ts';

const START_MS = Date.UTC(2026, 10, 22, 12);

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

test.each([40, 120])('no check waits longer for an issuer’s keys than it may: %d ms', async (withinMs) => {
  const policy = policyWith(await silentIssuer());
  const clock = createTestClock(START_MS);
  const keys = { findSigners: () => [], findSessionKey: () => undefined };
  const tokens = createTokenVerifier({ apis: policy.apis, keys, clock, onNote: () => undefined });
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
  const verified = Promise.resolve(tokens.verify(api, token, clock.now(), withinMs)).catch(
    (error: unknown) => (ended = error),
  );
  await vi.advanceTimersByTimeAsync(withinMs - 1);
  expect(ended).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  await verified;
  expect(ended).toBeInstanceOf(DependencyDown);
});
