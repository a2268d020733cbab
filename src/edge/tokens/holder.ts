import { CARRIED_ACCOUNT_ID } from '../../domain/feed-records.ts';
import type { ClaimRules } from '../../domain/token.ts';
import { findClerkHolder } from './clerk.ts';
import { toWords } from './claims.ts';
import { findMember } from './strict-json.ts';
import type { JsonObject } from './strict-json.ts';

/** Whom claims speak for, in the issuer's own words. */
export interface ForeignHolder {
  readonly account: string;
  readonly permissions: readonly string[];
  /** '' for none. */
  readonly role: string;
}

/** Whom a token speaks for, in ours. */
export interface Holder {
  readonly account: string;
  readonly permissions: ReadonlySet<string>;
  /** '' for none. */
  readonly role: string;
}

/** Account and rights from the claims; undefined where they are not of the form that the issuer's format has. What the rules do not name grants nothing. */
export function findHolder(payload: JsonObject, rules: ClaimRules): Holder | undefined {
  const holder = rules.format === 'clerk' ? findClerkHolder(payload) : findPlainHolder(payload, rules);
  if (holder === undefined || !CARRIED_ACCOUNT_ID.test(holder.account)) return undefined;
  const granted = holder.permissions.map((name) => findOwn(rules.permissionOf, name));
  return {
    account: holder.account,
    permissions: new Set(granted.filter((name) => name !== undefined)),
    role: findOwn(rules.roleOf, holder.role) ?? '',
  };
}

function findPlainHolder(payload: JsonObject, rules: ClaimRules): ForeignHolder | undefined {
  const account = findMember(payload, rules.account);
  const permissions = rules.permissions === '' ? [] : toWords(findMember(payload, rules.permissions));
  const role = (rules.role === '' ? undefined : findMember(payload, rules.role)) ?? '';
  if (typeof account !== 'string' || typeof role !== 'string' || permissions === undefined) return undefined;
  return { account, permissions, role };
}

function findOwn(words: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(words, name) ? words[name] : undefined;
}
