import type { Api, Policy } from '../../domain/policy.ts';
import {
  KEY_LENGTH_MAX,
  KEY_LENGTH_MIN,
  checksumHolds,
  hasIssuedShape,
  isForeignKeyText,
} from '../../lib/key-format.ts';
import { invalid } from './fields.ts';

/** Throws `OperationRefused` unless a key made elsewhere can be a key of this API. The message never shows the key. */
export function checkForeignKey(policy: Policy, api: Api, key: string): void {
  if (!api.keys.imports) throw invalid(`${api.name} takes no keys made elsewhere: set keys.imports for it`);
  if (key.length < KEY_LENGTH_MIN || key.length > KEY_LENGTH_MAX) {
    throw invalid(`a key has ${KEY_LENGTH_MIN} to ${KEY_LENGTH_MAX} characters`);
  }
  if (!isForeignKeyText(key)) {
    throw invalid('a key is visible ASCII without blanks, dots and commas');
  }
  const other = policy.apis.find((candidate) => isPrefixOf(candidate, api, key));
  if (other !== undefined) throw invalid(`the key begins as the keys of ${other.name} do`);
  if (hasIssuedShape(api.keys.prefix, key) && !checksumHolds(api.keys.prefix, key)) {
    throw invalid(
      `the key looks like one issued for ${api.name}, but its checksum is wrong: was it copied whole?`,
    );
  }
}

function isPrefixOf(candidate: Api, api: Api, key: string): boolean {
  const { prefix } = candidate.keys;
  return candidate !== api && prefix !== '' && prefix !== api.keys.prefix && key.startsWith(prefix);
}
