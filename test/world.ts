import { randomBytes } from 'node:crypto';
import { watchIds } from '../src/cli/conformance/request-ids.ts';
import type { RequestIds as TestRequestIds } from '../src/cli/conformance/request-ids.ts';

export { createMovableClock as createTestClock } from '../src/cli/conformance/clock.ts';
export type { MovableClock as TestClock } from '../src/cli/conformance/clock.ts';
export type { RequestIds as TestRequestIds } from '../src/cli/conformance/request-ids.ts';

/** Request ids in a row that a test can foretell, in the form of version 4 UUIDs. */
export function createTestRequestIds(): TestRequestIds {
  let count = 0;
  return watchIds(() => toRequestId((count += 1)));
}

function toRequestId(count: number): string {
  return `00000000-0000-4000-8000-${count.toString(16).padStart(12, '0')}`;
}

/** Real randomness: two keys of a test must differ, and nothing may depend on how. */
export function testRandomBytes(n: number): Uint8Array {
  return new Uint8Array(randomBytes(n));
}
