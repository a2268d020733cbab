import { findSubject, toWords } from './claims.ts';
import type { ForeignHolder } from './holder.ts';
import { findMember, isObject } from './strict-json.ts';
import type { JsonObject } from './strict-json.ts';

/** `cat` in the header of tokens between machines, which the same keys sign and which are no session tokens (`@clerk/backend`, verifyToken). */
const MACHINE_CATEGORY = 'cl_B7d4PD333AAA';
/** Bits of one feature's permissions, as a decimal number: as many as a Clerk instance has permissions, and far fewer than a token can hold digits. */
const DIGITS_MAX = 256;
/** Features of an organisation, and actions that it knows. */
const ITEMS_MAX = 256;

/** Whether the header is one of a session token of Clerk's. */
export function isClerkSessionHeader(header: JsonObject): boolean {
  return findMember(header, 'cat') !== MACHINE_CATEGORY;
}

/**
 * Whom a Clerk session token speaks for: the active organisation, else the user. Both versions of its claims (clerk.com/docs, "Session tokens"):
 * version 1 has `org_id`, `org_role`, `org_permissions`; version 2 packs them into `o` and `fea`. Undefined where they are not of that form,
 * and for a session that still lacks a task of its user (`sts` is `pending`), which counts as signed out.
 */
export function findClerkHolder(payload: JsonObject): ForeignHolder | undefined {
  const user = findSubject(payload);
  const status = findMember(payload, 'sts');
  if (user === undefined || (status !== undefined && status !== 'active')) return undefined;
  const organisation =
    findMember(payload, 'v') === 2 ? findOrganisationV2(payload) : findOrganisationV1(payload);
  if (organisation === undefined) return undefined;
  return organisation === 'none' ? { account: user, permissions: [], role: '' } : organisation;
}

function findOrganisationV1(payload: JsonObject): ForeignHolder | 'none' | undefined {
  const account = findMember(payload, 'org_id') ?? undefined;
  if (account === undefined) return 'none';
  const role = findMember(payload, 'org_role') ?? '';
  const permissions = toWords(findMember(payload, 'org_permissions') ?? undefined);
  if (typeof account !== 'string' || typeof role !== 'string' || permissions === undefined) return undefined;
  return { account, permissions, role };
}

function findOrganisationV2(payload: JsonObject): ForeignHolder | 'none' | undefined {
  const claim = findMember(payload, 'o') ?? undefined;
  if (claim === undefined) return 'none';
  if (!isObject(claim)) return undefined;
  const organisation = claim;
  const account = findMember(organisation, 'id');
  const role = findMember(organisation, 'rol') ?? '';
  const permissions = findPermissionsV2(organisation, payload);
  if (typeof account !== 'string' || typeof role !== 'string' || permissions === undefined) return undefined;
  return { account, permissions, role: role === '' ? '' : `org:${role}` };
}

/**
 * `o.per` names actions, `fea` names features (`o:` for the organisation's, `u:` for the user's, `uo:` for both), and `o.fpm` has for each feature of
 * the organisation a number whose lowest bit grants the first action.
 */
function findPermissionsV2(organisation: JsonObject, payload: JsonObject): readonly string[] | undefined {
  const actions = toItems(findMember(organisation, 'per'));
  const grants = toItems(findMember(organisation, 'fpm'));
  const features = toItems(findMember(payload, 'fea'))?.map(toFeature);
  if (actions === undefined || grants === undefined || features === undefined) return undefined;
  if (features.includes(undefined) || !grants.every(isDecimal)) return undefined;
  const ofOrganisation = features.filter((feature) => feature?.isOrganisations === true);
  return ofOrganisation.flatMap((feature, index) => {
    const bits = BigInt(grants[index] ?? '0');
    return actions
      .filter((_, bit) => ((bits >> BigInt(bit)) & 1n) === 1n)
      .map((action) => `org:${feature?.name}:${action}`);
  });
}

function toItems(claim: unknown): readonly string[] | undefined {
  if (claim === undefined || claim === null || claim === '') return [];
  if (typeof claim !== 'string') return undefined;
  const items = claim.split(',', ITEMS_MAX + 1).map((item) => item.trim());
  return items.length > ITEMS_MAX ? undefined : items;
}

function toFeature(item: string): { readonly name: string; readonly isOrganisations: boolean } | undefined {
  const colonAt = item.indexOf(':');
  const scope = item.slice(0, colonAt);
  if (colonAt < 0) return undefined;
  return {
    name: item.slice(colonAt + 1),
    isOrganisations: scope === 'o' || scope === 'ou' || scope === 'uo',
  };
}

function isDecimal(text: string): boolean {
  return text.length <= DIGITS_MAX && /^\d+$/.test(text);
}
