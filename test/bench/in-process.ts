import { createService } from '../../src/edge/answer.ts';
import { createMemoryCounters } from '../../src/edge/counters/memory.ts';
import { createDirectory } from '../../src/edge/directory/packed.ts';
import { createRepeats } from '../../src/edge/repeats/memory.ts';
import { createKeyHasher } from '../../src/lib/key-digest.ts';
import { createClock } from '../../src/lib/clock.ts';
import { DependencyDown } from '../../src/ports.ts';
import { shown, spreadOf, tableOf } from './measure.ts';
import { createRandom, drawZipf } from './zipf.ts';
import { benchPolicy, createKeys, feedOf, PEPPERS, requestOf } from './world.ts';

const DRAWS = 1 << 18;
const DECISIONS = 300_000;
const RUNS = 5;

/** CPU of one decision without any wire: route, key, account, limits (one exact, one merged), rendering. */
function measure(keyCount: number): { readonly cpuMicros: readonly number[]; readonly rssMib: number } {
  const policy = benchPolicy();
  const hasher = createKeyHasher(PEPPERS);
  const keys = createKeys();
  const directory = createDirectory({ apis: policy.apis, hasher });
  for (const batch of feedOf({ keys, count: keyCount, hasher })) directory.apply(batch);
  if (directory.keyCount !== keyCount) throw new Error(`${directory.keyCount} of ${keyCount} keys are known`);
  let allowed = 0;
  const service = createService(policy, {
    budgetMs: 120,
    clock: createClock(),
    directory,
    subjects: directory,
    tokens: { verify: () => 'token_issuer' },
    counters: createMemoryCounters(),
    credits: { charge: () => Promise.reject(new DependencyDown('credits', 'nothing costs credits here')) },
    repeats: createRepeats(),
    onCharged: () => undefined,
    newRequestId: () => '00000000-0000-4000-8000-000000000000',
    observe: (decision) => (allowed += decision.kind === 'allow' ? 1 : 0),
    onBug: (error) => {
      throw error;
    },
  });
  // Made beforehand: what it costs to make a request is not the decision's.
  const requests = Array.from(drawZipf(keyCount, DRAWS, createRandom(1)), (index) => requestOf(keys(index)));
  const decide = (count: number): void => {
    for (let index = 0; index < count; index += 1)
      void service.answer(requests[index % DRAWS] ?? requestOf(''));
  };
  decide(100_000);
  allowed = 0;
  const cpuMicros = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage();
    decide(DECISIONS);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / DECISIONS;
  });
  if (allowed !== RUNS * DECISIONS) throw new Error(`only ${allowed} of ${RUNS * DECISIONS} were allowed`);
  return { cpuMicros, rssMib: process.memoryUsage().rss / 2 ** 20 };
}

/** Decisions at 1 k, 100 k and 1 M keys, drawn by Zipf's law. */
export function benchInProcess(): string {
  const rows = [1_000, 100_000, 1_000_000].map((keyCount) => {
    const { cpuMicros, rssMib } = measure(keyCount);
    const { min, median } = spreadOf(cpuMicros);
    return [keyCount.toLocaleString('en'), shown(min), shown(median), shown(rssMib)];
  });
  return tableOf(['keys', 'CPU µs per decision (min)', '(median)', 'RSS MiB'], rows);
}
