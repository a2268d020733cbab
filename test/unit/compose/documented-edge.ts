import { readFileSync } from 'node:fs';
import { createEdgeHost } from '../../../src/compose/edge-host.ts';
import { compile } from '../../../src/config/compile.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import { DependencyDown } from '../../../src/ports.ts';
import type { Hub } from '../../../src/ports.ts';
import { DOCUMENTED } from '../../cases/app.ts';
import { ANY_PORT } from '../../e2e/grpc-listener.ts';
import { createTestClock } from '../../world.ts';

const NOW_MS = Date.UTC(2026, 10, 22);

/** The documented APIs, compiled. */
export function documentedPolicy(): Policy {
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  return compile(loadConfig({ path: DOCUMENTED, readFile, env: {}, sets: [], nowMs: NOW_MS }).document);
}

/** An edge of its own, whose store knows nobody and takes no charge, but for what `hub` does. */
export function createLonelyEdge(policy: Policy, hub: Partial<Hub> = {}) {
  return createEdgeHost({
    policy,
    peppers: { current: { id: 'p', secret: new Uint8Array(32).fill(3) }, retired: [] },
    sealingKeys: { current: { id: 's1', secret: new Uint8Array(32) }, retired: [] },
    budgetMs: 120,
    hub: {
      follow: () => Promise.resolve(),
      report: () => undefined,
      keep: () => Promise.resolve(),
      loadKept: () => Promise.resolve(),
      settleCharges: () => Promise.resolve(true),
      charge: () => Promise.reject(new DependencyDown('credits', 'there is no store here')),
      ...hub,
    },
    clock: createTestClock(NOW_MS),
    newRequestId: () => '00000000-0000-4000-8000-000000000000',
    listener: ANY_PORT,
    entrances: [],
  });
}
