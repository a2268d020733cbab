import type { Spending } from '../../domain/spending.ts';
import type { Eventually, Repeats } from '../../ports.ts';
import type { Tally } from './tally.ts';

/** The same memory of repeats; tells which checks were repeats. */
export function createCountedRepeats(repeats: Repeats, tally: Pick<Tally, 'repeated'>): Repeats {
  return {
    once(check, now, spend) {
      let isFirst = false;
      const spending = repeats.once(check, now, () => {
        isFirst = true;
        return spend();
      });
      if (!isFirst && !isRefusedRoom(spending)) tally.repeated(check.api.name);
      return spending;
    },
  };
}

/** Outages are not remembered: one that is there at once comes from the memory itself, which could not follow the check. */
function isRefusedRoom(spending: Eventually<Spending>): boolean {
  return !(spending instanceof Promise) && spending.kind === 'outage';
}
