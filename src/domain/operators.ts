/** `read` looks, `write` looks and changes. */
export const OPERATOR_ROLES = ['read', 'write'] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

/** Whoever holds the token of one of these may ask the admin API. */
export interface OperatorView {
  /** Unique for ever, because the audit log speaks of it. */
  readonly name: string;
  readonly role: OperatorRole;
  readonly created_at: string;
  readonly revoked_at: string | null;
  /** At most a minute behind. */
  readonly last_used_at: string | null;
}

export interface NewOperator {
  readonly name: string;
  readonly role: OperatorRole;
}

/** The one answer that holds the token itself. */
export interface CreatedOperator extends OperatorView {
  readonly token: string;
}

/** Operators there may be, revoked ones included. */
export const OPERATORS_MAX = 1_000;
/** What every operator token begins with; no API's keys may. */
export const OPERATOR_TOKEN_PREFIX = 'op_';
