import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Gateway } from '../../e2e/gateways/gateway.ts';
import type { GatewayKind, Variant } from './gateways.ts';
import type { LoadPlan, LoadResult } from './load.ts';
import { microsEach, readCpuBehind } from './processes.ts';
import type { Run } from './table.ts';
import { startTollgate } from './tollgate.ts';

/** A gateway of one kind, twice: one that asks a Tollgate of its own, and one that asks nobody. */
export interface Stand {
  readonly name: string;
  readonly tollgatePort: number;
  /** Where clients ask. */
  readonly ports: Readonly<Record<Variant, number>>;
  stop(): Promise<void>;
}

export interface StandPlan {
  readonly kind: GatewayKind;
  readonly binary: string;
  readonly appPort: number;
  readonly token: string;
  readonly keys: number;
}

/** Rejects where one of the three does not start; the others are then ended. */
export async function startStand({ kind, binary, appPort, token, keys }: StandPlan): Promise<Stand> {
  const tollgate = await startTollgate({ dialect: kind.dialect, token, keys });
  const started: Gateway[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all([...started, tollgate].map((each) => each.stop()));
  };
  const place = { binary, appPort, token, authzPort: tollgate.port, publicPort: appPort };
  const start = async (variant: Variant): Promise<number> => {
    const gateway = await kind.start(place, variant);
    started.push(gateway);
    return gateway.port;
  };
  try {
    const ports = { unchecked: await start('unchecked'), checked: await start('checked') };
    return { name: kind.name, tollgatePort: tollgate.port, ports, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export type LoadThrough = Omit<LoadPlan, 'port'>;

/** One load through one of the two. Rejects where an answer is not the expected one. */
export async function measure(stand: Stand, variant: Variant, load: LoadThrough): Promise<Run> {
  const port = stand.ports[variant];
  const cpu = () => [readCpuBehind(port), readCpuBehind(stand.tollgatePort)] as const;
  const [gatewayBefore, tollgateBefore] = cpu();
  const aroundBefore = process.cpuUsage();
  const { seconds, p50Ms, p99Ms } = await runLoad({ ...load, port });
  const around = process.cpuUsage(aroundBefore);
  const [gatewayAfter, tollgateAfter] = cpu();
  return {
    gatewayMicros: microsEach(gatewayBefore, gatewayAfter, load.calls),
    tollgateMicros: microsEach(tollgateBefore, tollgateAfter, load.calls),
    aroundMicros: (around.user + around.system) / load.calls,
    perSecond: load.calls / seconds,
    p50Ms,
    p99Ms,
  };
}

async function runLoad(workerData: LoadPlan): Promise<LoadResult> {
  const worker = new Worker(new URL('load.ts', import.meta.url), { workerData });
  try {
    const [result] = (await once(worker, 'message')) as [LoadResult];
    return result;
  } finally {
    await worker.terminate();
  }
}
