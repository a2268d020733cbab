import type { OperatorRole } from '../../domain/operators.ts';

export interface StoredOperator {
  readonly name: string;
  readonly role: OperatorRole;
  readonly createdMs: number;
  readonly revokedMs: number | null;
  readonly lastUsedMs: number | null;
}

export interface OperatorInsert {
  readonly name: string;
  readonly role: OperatorRole;
  /** Of the token, under the current pepper; eight words, as `lib/key-digest` writes them. */
  readonly digest: Int32Array;
  readonly pepperId: string;
  readonly createdMs: number;
}

/** An operator whose token was presented, with the token's digest under another pepper than the one it is kept under. */
export type RedigestedOperator = Pick<OperatorInsert, 'name' | 'digest' | 'pepperId'>;

export type OperatorInserted =
  | { readonly result: 'inserted'; readonly operator: StoredOperator }
  /** `too_many`: there are OPERATORS_MAX. */
  | { readonly result: 'taken' | 'too_many' };
