import { beforeAll, describe, expect, test } from 'vitest';
import { GRPC_JS, WIRE, YARDSTICK, measureCosts, ratioOf } from './cpu-gate.ts';
import type { Costs } from './cpu-gate.ts';

/** Of the yardstick's CPU, for a whole Check. A third is reached: this is not the aim but the alarm. */
const RATIO_MAX = 0.6;
/** Catches what hangs. */
const MEASURE_MS_MAX = 180_000;

/** No time is asserted: both sides are CPU of the same run on the same machine, and only how they compare counts. */
describe('CPU for each Check, beside a bare grpc-js server that decodes, looks up and allows', () => {
  let costs: Costs;

  beforeAll(async () => {
    costs = await measureCosts();
    const shown = [WIRE, GRPC_JS].map((name) => `${name} ${ratioOf(costs, name).toFixed(2)}`);
    process.stdout.write(`CPU per Check: ${shown.join(', ')} of ${costs.get(YARDSTICK)?.toFixed(0)} µs\n`);
  }, MEASURE_MS_MAX);

  test(`a whole Check on our own transport costs at most ${RATIO_MAX} of it`, () => {
    expect(ratioOf(costs, WIRE)).toBeLessThanOrEqual(RATIO_MAX);
  });

  test('the same Check over grpc-js would not pass: the gate can tell a transport that is slow', () => {
    expect(ratioOf(costs, GRPC_JS)).toBeGreaterThan(RATIO_MAX);
  });
});
