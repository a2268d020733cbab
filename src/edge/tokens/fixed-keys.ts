import { DependencyDown } from '../../ports.ts';
import { selectKey } from './issuer-keys.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { parseFixedKeys } from './key-set-text.ts';

/** Keys that came with the configuration: always there, unless none of them can be used. */
export function createFixedKeys(text: string): IssuerKeys {
  const keys = parseFixedKeys(text) ?? [];
  return {
    version: 0,
    serves: () => keys.length > 0,
    find(wanted) {
      if (keys.length === 0) throw new DependencyDown('tokens', 'none of the configured keys can be used');
      return selectKey(keys, wanted);
    },
  };
}
