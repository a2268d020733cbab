import { DependencyDown } from '../../ports.ts';

/** Work under way by name: whoever asks for the same joins it. At most `max` names at a time; beyond that rejects with `DependencyDown('capacity')`. */
export function createInFlight<T>(max: number): (name: string, work: () => Promise<T>) => Promise<T> {
  const underWay = new Map<string, Promise<T>>();
  return async (name, work) => {
    const known = underWay.get(name);
    if (known !== undefined) return known;
    if (underWay.size >= max) throw new DependencyDown('capacity', 'too many requests for sessions at once');
    const begun = work().finally(() => underWay.delete(name));
    underWay.set(name, begun);
    return begun;
  };
}
