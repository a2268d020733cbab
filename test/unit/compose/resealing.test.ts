import { beforeEach, describe, expect, test } from 'vitest';
import { createResealing } from '../../../src/compose/resealing.ts';
import type { Resealing } from '../../../src/compose/resealing.ts';
import { NOTHING_MEASURED } from '../../../src/domain/measurements.ts';
import type { Report, ResealedKey } from '../../../src/domain/report.ts';
import { WRITE_BATCH_MAX } from '../../../src/hub/store/store.ts';
import { DependencyDown } from '../../../src/ports.ts';

describe('keys that an edge opened under a retired sealing key', () => {
  let written: (readonly ResealedKey[])[];
  let warned: string[];
  let fault: Error | undefined;
  let resealing: Resealing;

  beforeEach(() => {
    [written, warned, fault] = [[], [], undefined];
    const writes = {
      async resealKeys(keys: readonly ResealedKey[]) {
        if (fault !== undefined) throw fault;
        written.push(keys);
      },
    };
    const log = { error() {}, info() {}, debug() {}, warn: (message: string) => void warned.push(message) };
    resealing = createResealing(writes, log);
  });

  test('are written, at most WRITE_BATCH_MAX at a time', async () => {
    const rows = Array.from({ length: 2 * WRITE_BATCH_MAX + 1 }, (_, row) => row + 1);
    resealing.take(report(rows));
    await resealing.flush();
    expect(written.map(({ length }) => length)).toEqual([WRITE_BATCH_MAX, WRITE_BATCH_MAX, 1]);
    expect(written.flat()).toEqual(rows.map(keyOf));
  });

  test('that come while others are written wait for their next use', async () => {
    resealing.take(report([1]));
    resealing.take(report([2]));
    await resealing.flush();
    resealing.take(report([3]));
    await resealing.flush();
    expect(written.flat().map(({ row }) => row)).toEqual([1, 3]);
  });

  test('that cannot be written are told, and the next ones are written', async () => {
    fault = new DependencyDown('directory', 'the disk is full');
    resealing.take(report([1]));
    await resealing.flush();
    fault = undefined;
    resealing.take(report([2]));
    await resealing.flush();
    expect(warned).toEqual(['keys were not sealed anew']);
    expect(written.flat().map(({ row }) => row)).toEqual([2]);
  });
});

function keyOf(row: number): ResealedKey {
  return { row, sealed: { sealingKeyId: 's2', bytes: Uint8Array.of(row) } };
}

function report(rows: readonly number[]): Report {
  return {
    checks: [],
    lastUsed: new Float64Array(0),
    notes: [],
    measured: NOTHING_MEASURED,
    resealed: rows.map(keyOf),
  };
}
