import { beforeEach, describe, expect, test } from 'vitest';
import { createReportSink } from '../../../src/compose/report-sink.ts';
import type { ReportSink } from '../../../src/compose/report-sink.ts';
import { NOTHING_MEASURED } from '../../../src/domain/measurements.ts';
import type { Note, Report } from '../../../src/domain/report.ts';
import { LAST_USES_MAX } from '../../../src/hub/store/store.ts';
import { DependencyDown } from '../../../src/ports.ts';

describe('what an edge reports', () => {
  let written: Float64Array[];
  let lines: string[];
  let fault: Error | undefined;
  let go: Promise<void>;
  let sink: ReportSink;

  beforeEach(() => {
    [written, lines, fault, go] = [[], [], undefined, Promise.resolve()];
    const line =
      (level: string) =>
      (message: string): void =>
        void lines.push(`${level}: ${message}`);
    sink = createReportSink(
      {
        async recordLastUses(pairs) {
          await go;
          if (fault !== undefined) throw fault;
          written.push(pairs);
        },
      },
      { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') },
    );
  });

  const rowsWritten = (): number[] =>
    written.flatMap((pairs) => [...pairs].filter((_, index) => index % 2 === 0));

  test('is logged at its own level', () => {
    sink.take(report([], [{ level: 'error', message: 'a bug', fields: {} }]));
    sink.take(report([], [{ level: 'info', message: 'a start', fields: {} }]));
    expect(lines).toEqual(['error: a bug', 'info: a start']);
  });

  test('last uses are written by row, in transactions of at most LAST_USES_MAX', async () => {
    const rows = Array.from({ length: 2 * LAST_USES_MAX + 1 }, (_, row) => row + 1);
    sink.take(report(rows.toReversed()));
    await sink.flush();
    expect(written.flatMap((pairs) => [...pairs])).toEqual(rows.flatMap((row) => [row, 1_000 + row]));
    expect(written.map((pairs) => pairs.length / 2)).toEqual([LAST_USES_MAX, LAST_USES_MAX, 1]);
  });

  test('a store that is slower than the reports makes the oldest of them forgotten, not the memory full', async () => {
    const { promise, resolve: release } = Promise.withResolvers<void>();
    go = promise;
    for (let row = 1; row <= 30; row += 1) sink.take(report([row]));
    release();
    await sink.flush();
    const rows = rowsWritten();
    expect(rows.length).toBeLessThanOrEqual(11);
    expect(rows.slice(-10)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
  });

  test('what cannot be written is told and passed over: the next report is written', async () => {
    fault = new DependencyDown('directory', 'the disk is full');
    sink.take(report([1]));
    await sink.flush();
    fault = undefined;
    sink.take(report([2]));
    await sink.flush();
    expect(lines).toEqual(['warn: last uses were not written']);
    expect(rowsWritten()).toEqual([2]);
  });
});

function report(rows: readonly number[], notes: readonly Note[] = []): Report {
  const lastUsed = Float64Array.from(rows.flatMap((row) => [row, 1_000 + row]));
  return { checks: [], lastUsed, notes, measured: NOTHING_MEASURED };
}
