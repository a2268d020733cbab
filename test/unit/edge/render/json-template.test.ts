import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compileHoles,
  compileTemplate,
  findTemplateFaults,
} from '../../../../src/edge/render/json-template.ts';
import type { JsonValue } from '../../../../src/edge/render/json-template.ts';
import { renderBody } from '../../../../src/edge/render/profile.ts';

const ROW = {
  status: 429,
  code: 'slow "down"',
  message: 'Slow\u2028',
  details: { after: '$retry_after_seconds' },
};
const FACTS = { requestId: () => 'id', wallMs: 0, retryAfterSeconds: 7 };

const render = (template: JsonValue): string => renderBody(compileTemplate(template, ROW), FACTS);

describe('a template', () => {
  test('is literal text around its holes, in as few parts as possible', () => {
    expect(compileTemplate({ a: '$code', b: ['$ts', 1], c: '$details' }, ROW)).toEqual([
      '{"a":"slow \\"down\\"","b":[',
      { hole: 'ts' },
      ',1],"c":{"after":',
      { hole: 'retry_after_seconds' },
      '}}',
    ]);
  });

  test('replaces whole texts only, and unescapes a doubled $', () => {
    expect(render(['$status', '$$status', 'costs $5', '$$', '', '$message'])).toBe(
      JSON.stringify([429, '$status', 'costs $5', '$', '', 'Slow\u2028']),
    );
  });

  test('without names renders to what JSON.stringify makes of it', () => {
    const plain = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('$'));
    fc.assert(
      fc.property(plain, (value) => {
        expect(render(value as JsonValue)).toBe(JSON.stringify(value));
      }),
    );
  });

  test('of an endpoint has holes of its own, and takes the names of errors for text', () => {
    const parts = compileHoles({ tier: '$tier', id: '$key.id', ts: '$$ts' }, ['tier', 'key.id'] as const);
    expect(parts).toEqual(['{"tier":', { hole: 'tier' }, ',"id":', { hole: 'key.id' }, ',"ts":"$ts"}']);
  });

  test('is told every fault with its path', () => {
    const faults = findTemplateFaults({ a: ['$cod', NaN], 12: 'x', b: { c: '$ts' } });
    expect(faults.map(({ path }) => path)).toEqual([['12'], ['a', 0], ['a', 1]]);
    expect(findTemplateFaults({ a: '$details' }, ['$code'])).toHaveLength(1);
  });

  test('nested beyond every body is a fault, not an overflow', () => {
    let deep: JsonValue = 'x';
    for (let level = 0; level < 5_000; level += 1) deep = [deep];
    expect(findTemplateFaults(deep)).toHaveLength(1);
  });
});
