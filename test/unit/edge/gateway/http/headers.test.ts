import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createClientHeaders } from '../../../../../src/edge/gateway/http/headers.ts';
import type { HeaderLine } from '../../../../../src/lib/header-lines.ts';

const NAMES = ['host', 'x-account-id', 'x_account_id', 'x.account.id', 'x!tier', 'x-1', ''] as const;
const LINES = fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.string({ maxLength: 3 })), { maxLength: 12 });
const OWN = fc.uniqueArray(fc.constantFrom(...NAMES));

test('what the gateway says of itself is nothing of the client’s, under whichever name and however it is asked for', () => {
  fc.assert(
    fc.property(LINES, OWN, (lines: readonly HeaderLine[], own) => {
      const headers = createClientHeaders(lines, new Set(own));
      const names = new Set(lines.map(([name]) => name).filter((name) => !own.some((each) => each === name)));
      expect(new Set(headers.names())).toEqual(names);
      for (const name of NAMES) {
        const values = lines.filter(([other]) => other === name).map(([, value]) => value);
        expect(headers.all(name)).toEqual(names.has(name) ? values : []);
      }
      const odd = headers.oddNames?.() ?? [];
      expect([...odd].sort()).toEqual([...names].filter((name) => /[^a-z0-9-]/.test(name)).sort());
    }),
  );
});
