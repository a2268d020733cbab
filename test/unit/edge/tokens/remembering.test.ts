import { describe, expect, test } from 'vitest';
import type { Believed } from '../../../../src/edge/tokens/believed.ts';
import { createRememberedTokens, RIGHTS_MAX } from '../../../../src/edge/tokens/remembering.ts';
import { subjectOf } from '../../../../src/lib/subject.ts';
import { ALL, apiWith, ISSUER } from './world.ts';

const API = apiWith(ALL);

function believed(role: string, permissions: readonly string[]): Believed {
  return {
    token: {
      kind: 'issuer',
      rules: ISSUER,
      account: 'acme',
      accountSubject: subjectOf(['one', 'acme']),
      subject: subjectOf(['one', ISSUER.issuer, role]),
      permissions: new Set(permissions),
      role,
      expiresAtMs: 2,
    },
    notBeforeMs: 1,
    expiresAtMs: 2,
    keysVersion: 0,
    keyId: '',
  };
}

describe('remembered rights', () => {
  test('are those of the token, however many tokens have others', () => {
    const tokens = createRememberedTokens({ tokensMax: 10_000, bytesMax: 4 * 2 ** 20 });
    const count = RIGHTS_MAX + 100;
    for (let at = 0; at < count; at += 1) tokens.remember(API, `t${at}`, believed(`role-${at}`, [`p${at}`]));
    for (let at = 0; at < count; at += 1) {
      const found = tokens.find(API, `t${at}`);
      // A full pool begins anew, and with it the memory.
      if (at < RIGHTS_MAX) expect(found).toBeUndefined();
      else expect(found).toEqual(believed(`role-${at}`, [`p${at}`]));
    }
  });

  test('are the same whatever their order, and others where a permission is called like a role', () => {
    const tokens = createRememberedTokens({ tokensMax: 10, bytesMax: 4_096 });
    tokens.remember(API, 'a', believed('x', ['a', 'b']));
    tokens.remember(API, 'b', believed('x', ['b', 'a']));
    tokens.remember(API, 'c', believed('', ['x', 'a', 'b']));
    const rightsOf = (token: string) => {
      const found = tokens.find(API, token)?.token;
      return found?.kind === 'issuer' ? found.permissions : undefined;
    };
    expect(rightsOf('a')).toBe(rightsOf('b'));
    expect(rightsOf('c')).toEqual(new Set(['x', 'a', 'b']));
  });
});
