import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Api } from '../../../../src/domain/policy.ts';
import type { SessionKey } from '../../../../src/domain/session.ts';
import { createSessionKeys } from '../../../../src/edge/tokens/session-keys.ts';

const API = { index: 0 } as Api;
const OTHER = { index: 1 } as Api;

function keyOf(kid: string): SessionKey {
  const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  return { kid, algorithm: 'EdDSA', jwk: JSON.stringify(jwk) };
}

function createWorld() {
  const told = new Map<string, SessionKey>();
  const keys = createSessionKeys({
    findSigners: () => [],
    findSessionKey: (api, kid) => told.get(`${api.index} ${kid}`),
  });
  return { told, versionOf: (api: Api, kid: string) => keys.find(api, kid)?.version };
}

test('a key is one version as long as it stands, whoever is asked for between', () => {
  const { told, versionOf } = createWorld();
  for (const kid of ['a', 'b']) told.set(`0 ${kid}`, keyOf(kid));
  told.set('1 a', keyOf('a'));
  const [a, b, other] = [versionOf(API, 'a'), versionOf(API, 'b'), versionOf(OTHER, 'a')];
  expect(new Set([a, b, other]).size).toBe(3);
  for (let round = 0; round < 3; round += 1) {
    expect([versionOf(API, 'a'), versionOf(API, 'a'), versionOf(API, 'b')]).toEqual([a, a, b]);
    expect(versionOf(OTHER, 'a')).toBe(other);
  }
});

test('another key under a name that was just asked for is another version, and one that is told again is not', () => {
  const { told, versionOf } = createWorld();
  const [first, second] = [keyOf('a'), keyOf('a')];
  told.set('0 a', first);
  const before = versionOf(API, 'a');
  told.set('0 a', { ...first });
  expect(versionOf(API, 'a')).toBe(before);
  told.set('0 a', second);
  const after = versionOf(API, 'a');
  expect(after).not.toBe(before);
  expect(versionOf(API, 'a')).toBe(after);
});

test('a key that is withdrawn, or that its algorithm cannot use, is none at the very next time', () => {
  const { told, versionOf } = createWorld();
  told.set('0 a', keyOf('a'));
  expect(versionOf(API, 'a')).toBeDefined();
  told.delete('0 a');
  expect(versionOf(API, 'a')).toBeUndefined();
  told.set('0 a', { ...keyOf('a'), algorithm: 'ES256' });
  expect(versionOf(API, 'a')).toBeUndefined();
  told.set('0 a', keyOf('a'));
  expect(versionOf(API, 'a')).toBeDefined();
});
