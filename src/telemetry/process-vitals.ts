import { hash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Measurements } from '../domain/measurements.ts';
import { SECOND_MS } from '../domain/time.ts';
import { VERSION } from './version.ts';

const SECOND_MICROS = 1e6;
/** Hexadecimal digits of the configuration's digest that are shown: enough to tell two apart. */
const DIGEST_DIGITS = 16;

/** What does not change while the process runs. `document`: the configuration without its secrets, as plain data. */
export function measureOnce(document: object): Measurements {
  const digest = hash('sha256', JSON.stringify(document)).slice(0, DIGEST_DIGITS);
  return {
    increments: [],
    levels: [
      { metric: 'tollgate_config_info', labels: { digest }, value: 1 },
      { metric: 'tollgate_build_info', labels: { version: VERSION, node: process.versions.node }, value: 1 },
      { metric: 'process_start_time_seconds', labels: {}, value: performance.timeOrigin / SECOND_MS },
    ],
    observations: [],
  };
}

/** Measures the process as a whole: memory, and the CPU time since the call before. */
export function createProcessVitals(): () => Measurements {
  let countedSeconds = 0;
  return () => {
    const { user, system } = process.cpuUsage();
    const totalSeconds = (user + system) / SECOND_MICROS;
    const by = Math.max(0, totalSeconds - countedSeconds);
    countedSeconds = Math.max(countedSeconds, totalSeconds);
    return {
      increments: [{ metric: 'process_cpu_seconds_total', labels: {}, by }],
      levels: [{ metric: 'process_resident_memory_bytes', labels: {}, value: process.memoryUsage.rss() }],
      observations: [],
    };
  };
}
