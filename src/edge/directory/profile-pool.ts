import type { Api } from '../../domain/policy.ts';
import type { KeyProfile } from '../../domain/principal.ts';
import { compileProfile } from './profile.ts';

interface PooledProfile {
  readonly api: Api;
  readonly text: string;
  readonly profile: KeyProfile;
  /** How many keys have it. */
  uses: number;
}

/** Compiled profiles, each held once for all keys that share it and only while a key does. */
export class ProfilePool {
  private readonly pooled: (PooledProfile | undefined)[] = [];
  private readonly free: number[] = [];
  private readonly numberOfText = new Map<Api, Map<string, number>>();

  /** Counts one more use; the number stays good until as many uses are released. */
  acquire(api: Api, text: string): number {
    const numbers = this.numbersOf(api);
    const known = numbers.get(text);
    const pooled = known === undefined ? undefined : this.pooled[known];
    if (known !== undefined && pooled !== undefined) {
      pooled.uses += 1;
      return known;
    }
    const number = this.free.pop() ?? this.pooled.length;
    this.pooled[number] = { api, text, profile: compileProfile(api, text), uses: 1 };
    numbers.set(text, number);
    return number;
  }

  release(number: number): void {
    const pooled = this.pooled[number];
    if (pooled === undefined) return;
    pooled.uses -= 1;
    if (pooled.uses > 0) return;
    this.numbersOf(pooled.api).delete(pooled.text);
    this.pooled[number] = undefined;
    this.free.push(number);
  }

  find(number: number): KeyProfile | undefined {
    return this.pooled[number]?.profile;
  }

  private numbersOf(api: Api): Map<string, number> {
    const known = this.numberOfText.get(api);
    if (known !== undefined) return known;
    const created = new Map<string, number>();
    this.numberOfText.set(api, created);
    return created;
  }
}
