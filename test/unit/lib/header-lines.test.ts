import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readOnce, toHeaderLines } from '../../../src/lib/header-lines.ts';

const RAW = fc.array(fc.tuple(fc.constantFrom('Host', 'HOST', 'x-a', ''), fc.string({ maxLength: 3 })), {
  maxLength: 6,
});

test('every line is there, in its order, under its name in lower case', () => {
  fc.assert(
    fc.property(RAW, (sent) => {
      expect(toHeaderLines(sent.flat())).toEqual(sent.map(([name, value]) => [name.toLowerCase(), value]));
    }),
  );
});

test('a header is read where it came once, and not where it is absent or came again', () => {
  fc.assert(
    fc.property(RAW, (sent) => {
      const values = sent.filter(([name]) => name.toLowerCase() === 'host').map(([, value]) => value);
      expect(readOnce(toHeaderLines(sent.flat()), 'host')).toBe(values.length === 1 ? values[0] : undefined);
    }),
  );
});
