import type { Spending } from '../../domain/spending.ts';
import type { Eventually, Repeats } from '../../ports.ts';
import type { Tally } from './tally.ts';

/** The same memory of repeats; tells which checks were repeats, and what the others spent. */
export function createCountedRepeats(repeats: Repeats, tally: Pick<Tally, 'repeated' | 'spent'>): Repeats {
  return {
    once(check, now, spend) {
      let isFirst = false;
      const spending = repeats.once(check, now, () => {
        isFirst = true;
        return spend();
      });
      const { api, cost } = check;
      if (!isFirst) {
        if (!isRefusedRoom(spending)) tally.repeated(api.name);
        return spending;
      }
      // Credits are never charged at once.
      if (cost === 0 || !(spending instanceof Promise)) return spending;
      return spending.then((known) => {
        if (hasSpentCredits(known)) tally.spent(api.name, cost);
        return known;
      });
    },
  };
}

/** Outages are not remembered: one that is there at once comes from the memory itself, which could not follow the check. */
function isRefusedRoom(spending: Eventually<Spending>): boolean {
  return !(spending instanceof Promise) && spending.kind === 'outage';
}

function hasSpentCredits(spending: Spending): boolean {
  return spending.kind === 'spent' && spending.degraded !== 'credits';
}
