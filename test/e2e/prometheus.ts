import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findFreePort } from './free-port.ts';

/** Catches what hangs; no test waits for it. */
const LIMIT_MS = 120_000;

export interface Prometheus {
  /** The value of every series that the expression finds now. */
  query(expression: string): Promise<readonly number[]>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** `127.0.0.1:9464` */
  readonly target: string;
  readonly alertsFile: string;
}

/** A real Prometheus that asks the target every second. */
export async function startPrometheus({ target, alertsFile }: PrometheusOptions): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-prometheus-'));
  const file = join(folder, 'prometheus.yaml');
  const scrape = { job_name: 'tollgate', static_configs: [{ targets: [target] }] };
  writeFileSync(
    file,
    stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [alertsFile],
      scrape_configs: [scrape],
    }),
  );
  const address = `127.0.0.1:${await findFreePort()}`;
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
  ];
  const child = spawn('prometheus', args, { stdio: 'ignore', timeout: LIMIT_MS, killSignal: 'SIGKILL' });
  return {
    async query(expression) {
      const url = `http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const response = await fetch(url).catch(() => undefined);
      if (response === undefined) return [];
      return fromAnswer((await response.json()) as Answer, expression);
    },
    async stop() {
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

function fromAnswer({ status, error, data }: Answer, expression: string): readonly number[] {
  // While it starts it says so by another status than `error`.
  if (status === 'error') throw new Error(`${expression}: ${error ?? ''}`);
  return (data?.result ?? []).map(({ value }) => Number(value[1]));
}
