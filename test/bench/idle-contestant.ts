import type { Judge } from './answers.ts';
import type { Contestant } from './contest.ts';

/** A contestant whose server is none: it started in half a second, holds 64 MiB and uses no CPU. */
export function idleContestant(name: string, judge: Judge = () => undefined): Contestant {
  const running = {
    address: '',
    startedSeconds: 0.5,
    cpuMicros: () => 0,
    rssMib: () => 64,
    stop: () => Promise.resolve(),
  };
  return { name, running, exam: { questions: '', judge } };
}
