import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { ALERTS } from '../../../deploy/monitoring/alerts.ts';
import { BOARD } from '../../../deploy/monitoring/panels.ts';
import { renderAlertTests, renderBoard } from '../../../deploy/monitoring/render.ts';
import { METRIC_ROWS } from '../../../src/telemetry/metrics.ts';
import { partTitle, requirePart } from '../../parts.ts';
import { ALERTS_FILE } from '../../docs/generated.ts';

/** Of use to whoever looks closer, not at a glance. */
const OFF_THE_BOARD: ReadonlySet<string> = new Set([
  // Counted by calls, which are shown as checks.
  'tollgate_grpc_calls_total',
  'tollgate_grpc_bytes_total',
  'tollgate_grpc_connections_total',
  // Its age is shown.
  'tollgate_key_set_keys',
  // The share in use is shown.
  'tollgate_counters_bytes',
  // A collection shows as lateness of its thread.
  'tollgate_gc_seconds',
]);

describe('the board and the alerts', () => {
  test('show every metric, but for those that are named here', () => {
    const shown = renderBoard() + JSON.stringify(ALERTS);
    const missing = METRIC_ROWS.map(([name]) => name).filter((name) => !shown.includes(name));
    expect(missing.sort()).toEqual([...OFF_THE_BOARD].sort());
  });

  test('name no metric that there is not', () => {
    const named = (renderBoard() + JSON.stringify(ALERTS)).match(/\b(?:tollgate|process)_[a-z_]+/g) ?? [];
    expect(named.length).toBeGreaterThan(40);
    const known = new Set(METRIC_ROWS.flatMap(([name]) => [name, `${name}_bucket`, `${name}_count`]));
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  test('ask one question a row, and every panel says what to conclude', () => {
    expect(BOARD.length).toBe(5);
    for (const { question, panels } of BOARD) {
      expect(question).toMatch(/\?$/);
      for (const { says, queries } of panels) {
        expect(says).toMatch(/\.$/);
        expect(queries.length).toBeGreaterThan(0);
      }
    }
  });

  test('alerts have a runbook of a paragraph, and series that fire and series that do not', () => {
    for (const { name, runbook, fires, quiet } of ALERTS) {
      expect(runbook.length, name).toBeGreaterThan(150);
      expect(runbook, name).not.toContain('\n');
      expect(fires.length * quiet.length, name).toBeGreaterThan(0);
    }
  });
});

const prometheus = await requirePart('prometheus');

describe.skipIf('missing' in prometheus)(partTitle('promtool', prometheus), () => {
  const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function promtool(...args: readonly string[]): { readonly code: number | null; readonly out: string } {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
    return { code: status, out: stdout + stderr };
  }

  test('finds every alert firing on its series, and quiet on the others', () => {
    copyFileSync(ALERTS_FILE, join(folder, 'alerts.yaml'));
    writeFileSync(join(folder, 'test.yaml'), renderAlertTests('alerts.yaml'));
    expect(promtool('test', 'rules', 'test.yaml')).toMatchObject({ code: 0 });
  });

  test('would say so if an alert did not fire, or fired at random', () => {
    const text = readFileSync(ALERTS_FILE, 'utf8');
    for (const [change, into] of [
      ['> 0.85', '> 0.99'],
      ['up{job="tollgate"} == 0', 'up{job="tollgate"} == 1'],
    ] as const) {
      expect(text).toContain(change);
      writeFileSync(join(folder, 'changed.yaml'), text.replace(change, into));
      writeFileSync(join(folder, 'changed-test.yaml'), renderAlertTests('changed.yaml'));
      expect(promtool('test', 'rules', 'changed-test.yaml').code).not.toBe(0);
    }
  });

  test('accepts the configuration of Prometheus', () => {
    const path = fileURLToPath(new URL('../../../deploy/prometheus/prometheus.yaml', import.meta.url));
    expect(() => execFileSync('promtool', ['check', 'config', path], { stdio: 'pipe' })).not.toThrow();
  });
});
