import { describe, expect, test } from 'vitest';
import { NOTHING_MEASURED } from '../../../src/domain/measurements.ts';
import type { AuthzRequest } from '../../../src/domain/request.ts';
import { createMetricsRegistry } from '../../../src/telemetry/registry.ts';
import { toZeroes } from '../../../src/telemetry/zeroes.ts';
import { requestOf } from '../edge/pipeline/request.ts';
import { createLonelyEdge, documentedPolicy } from './documented-edge.ts';

const REQUESTS = 100_000;

describe('the number of series', () => {
  test(`is the same before and after ${REQUESTS} requests of random hosts, paths, methods, keys and request ids`, async () => {
    const policy = documentedPolicy();
    const registry = createMetricsRegistry();
    registry.take({ ...NOTHING_MEASURED, increments: toZeroes(policy.apis, ['envoy-grpc']) });
    const before = seriesOf(await registry.render());
    expect(before.length).toBeGreaterThan(100);

    const host = createLonelyEdge(policy);
    const random = createRandom();
    const hosts = [...policy.apiByHost.keys()];
    for (let count = 0; count < REQUESTS; count += 1) await host.answer(randomRequest(random, hosts));
    const report = await host.stop(0);
    expect(report.checks.reduce((total, { count }) => total + count, 0)).toBe(REQUESTS);
    registry.takeChecks(report.checks);
    registry.take({ ...report.measured, levels: [] });

    const after = seriesOf(await registry.render());
    // A histogram has no series before its first value.
    expect(after.filter((line) => !line.startsWith('tollgate_check_seconds'))).toEqual(before);
  });
});

function randomRequest(random: () => string, hosts: readonly string[]): AuthzRequest {
  const word = random();
  const isKnown = word < '8';
  return requestOf({
    host: isKnown ? (hosts[word.charCodeAt(1) % hosts.length] ?? '') : `${word}.example`,
    target: `/${word < '4' ? 'v1' : word}/${word}?q=${word}`,
    method: word.endsWith('0') ? word.toUpperCase() : 'GET',
    gatewayRequestId: word,
    namedApi: word.endsWith('1') ? word : '',
    peerAddress: word,
    headers: [
      ['authorization', `Bearer ${word}`],
      ['x-api-key', word],
      ['user-agent', word],
      ['x-request-id', word],
    ],
  });
}

/** 16 hexadecimal digits, other ones at every call and the same ones in every run. */
function createRandom(): () => string {
  let state = 88_172_645_463_325_252n;
  return () => {
    state ^= BigInt.asUintN(64, state << 13n);
    state ^= state >> 7n;
    state ^= BigInt.asUintN(64, state << 17n);
    return state.toString(16).padStart(16, '0');
  };
}

function seriesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => /^\w/.test(line))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));
}
