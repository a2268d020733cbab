import { createMemoryCounters } from '../../src/edge/counters/memory.ts';
import { describeCounterStore } from './counters.ts';

describeCounterStore('memory', () => {
  let elapsedMs = 0;
  return {
    store: createMemoryCounters({ slotsMax: 100 }),
    now: () => ({ wallMs: 1_700_000_000_000 + elapsedMs, monotonicMs: elapsedMs }),
    advance: (ms) => {
      elapsedMs += ms;
    },
  };
});
