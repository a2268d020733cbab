import { expect, test } from 'vitest';
import { leadsToAdmin } from '../../../../src/cli/conformance/attacks/paths.ts';
import { ADMIN_SPELLINGS } from '../../../../src/cli/conformance/attacks/path-spellings.ts';
import { CASES, loadCases } from '../../../../src/cli/conformance/table/load.ts';
import { listKnown } from '../../../../src/cli/conformance/trials.ts';

test('there are at least sixty spellings of one path, and nearly all can be read as it by a single decoding', () => {
  expect(new Set(ADMIN_SPELLINGS).size).toBeGreaterThanOrEqual(60);
  const read = ADMIN_SPELLINGS.filter(leadsToAdmin);
  // The others are there for readers that decode twice, or cut a path at an escaped mark.
  expect(read.length).toBeGreaterThanOrEqual(52);
});

test('every case, attack and outage has a title of its own', () => {
  const { cases, attacks, outages } = listKnown(loadCases(CASES));
  const titles = [...cases.map(({ title }) => title), ...attacks, ...outages];
  expect(new Set(titles).size).toBe(titles.length);
});
