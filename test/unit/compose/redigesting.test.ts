import { beforeEach, describe, expect, test } from 'vitest';
import { createRedigesting } from '../../../src/compose/redigesting.ts';
import type { Redigesting } from '../../../src/compose/redigesting.ts';
import { NOTHING_MEASURED } from '../../../src/domain/measurements.ts';
import type { Report } from '../../../src/domain/report.ts';
import type { RedigestedKey } from '../../../src/hub/store/keys.ts';
import { WRITE_BATCH_MAX } from '../../../src/hub/store/store.ts';
import { DependencyDown } from '../../../src/ports.ts';

describe('keys that an edge found under a retired pepper', () => {
  let written: (readonly RedigestedKey[])[];
  let warned: string[];
  let fault: Error | undefined;
  let redigesting: Redigesting;

  beforeEach(() => {
    [written, warned, fault] = [[], [], undefined];
    redigesting = createRedigesting({
      writes: {
        async redigestKeys(keys) {
          if (fault !== undefined) throw fault;
          written.push(keys);
        },
      },
      pepperId: 'p2',
      log: { error() {}, info() {}, debug() {}, warn: (message) => void warned.push(message) },
    });
  });

  test('are written with their own digests, at most WRITE_BATCH_MAX at a time', async () => {
    const rows = Array.from({ length: 2 * WRITE_BATCH_MAX + 1 }, (_, row) => row + 1);
    redigesting.take(report(rows));
    await redigesting.flush();
    expect(written.map(({ length }) => length)).toEqual([WRITE_BATCH_MAX, WRITE_BATCH_MAX, 1]);
    expect(written.flat()).toEqual(rows.map((row) => ({ row, digest: digestOf(row), pepperId: 'p2' })));
  });

  test('that come while others are written wait for their next use', async () => {
    redigesting.take(report([1]));
    redigesting.take(report([2]));
    await redigesting.flush();
    redigesting.take(report([3]));
    await redigesting.flush();
    expect(written.flat().map(({ row }) => row)).toEqual([1, 3]);
  });

  test('that cannot be written are told, and the next ones are written', async () => {
    fault = new DependencyDown('directory', 'the disk is full');
    redigesting.take(report([1]));
    await redigesting.flush();
    fault = undefined;
    redigesting.take(report([2]));
    await redigesting.flush();
    expect(warned).toEqual(['keys were not digested anew']);
    expect(written.flat().map(({ row }) => row)).toEqual([2]);
  });

  test('a report without any writes nothing', async () => {
    redigesting.take(report([]));
    await redigesting.flush();
    expect(written).toEqual([]);
  });
});

function report(rows: readonly number[]): Report {
  const redigested = {
    rows: Float64Array.from(rows),
    digests: Int32Array.from(rows.flatMap((row) => [...digestOf(row)])),
  };
  return {
    checks: [],
    lastUsed: new Float64Array(),
    notes: [],
    measured: NOTHING_MEASURED,
    ...(rows.length > 0 && { redigested }),
  };
}

function digestOf(row: number): Int32Array {
  return Int32Array.from({ length: 8 }, (_, word) => row * 8 + word);
}
