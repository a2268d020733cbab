import { expect, test } from 'vitest';
import { renderEntrances, shareOf } from './table.ts';
import type { Run } from './table.ts';

const RUN: Run = {
  gatewayMicros: 100,
  tollgateMicros: 20,
  aroundMicros: 50,
  perSecond: 5_000,
  p50Ms: 2,
  p99Ms: 9,
};

const MEASURED = {
  name: 'a gateway',
  unchecked: [40, 44, 60].map((gatewayMicros) => ({ ...RUN, gatewayMicros, tollgateMicros: 0 })),
  checked: [
    { ...RUN, gatewayMicros: 120, tollgateMicros: 30 },
    { ...RUN, gatewayMicros: 130, tollgateMicros: 36, perSecond: 4_000, p50Ms: 3, p99Ms: 12 },
    { ...RUN, gatewayMicros: 140, tollgateMicros: 39, perSecond: 3_000, p50Ms: 4, p99Ms: 15 },
  ],
};

test('shows the least and the median of CPU, the best rate, and the medians of the times', () => {
  expect(renderEntrances([MEASURED]).split('\n').at(-1)).toBe(
    '| a gateway | 40.0 (44.0) | 120 (130) | 30.0 (36.0) | 0.25 | 5000 → 5000 | 2.00 → 3.00 | 9.00 → 12.0 |',
  );
});

test('compares Tollgate with the gateway that asked it, and not with the one that asked nobody', () => {
  expect(shareOf(MEASURED)).toBe(30 / 120);
});
