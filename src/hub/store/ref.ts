/** `declared`: in a configuration file, so the file rules. */
export type Source = 'store' | 'declared';

/** An account or a key, by the name of its API and its own id; a key's is `key_` and 24 hexadecimal digits. */
export interface StoredRef {
  readonly api: string;
  readonly id: string;
}
