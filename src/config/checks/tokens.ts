import type { Fault, KeyPath } from '../problems.ts';
import type { ApiSections } from '../schema/api.ts';
import type { IssuerSection } from '../schema/tokens.ts';
import { describeUnknown } from './areas.ts';
import { checkOf } from './check.ts';

const check = checkOf<ApiSections>();

/** What tokens are believed for is said, names are ours, and somewhere tokens are asked for. */
export const TOKEN_CHECKS = [
  check(['tokens'], ({ tokens }) => listIssuers(tokens).flatMap(findIssuerFaults)),
  check(['tokens', 'sessions'], findRepeatedIssuers),
  check(['tokens', 'permissions'], ({ tokens, permissions: known }) =>
    listIssuers(tokens).flatMap(({ issuer: { claims }, path }) =>
      findUnknown(claims.permission_of, { path: [...path, 'permission_of'], list: 'permissions', known }),
    ),
  ),
  check(['tokens', 'roles'], ({ tokens, roles: known }) =>
    listIssuers(tokens).flatMap(({ issuer: { claims }, path }) =>
      findUnknown(claims.role_of, { path: [...path, 'role_of'], list: 'roles', known }),
    ),
  ),
  check(['tokens', 'keys'], ({ tokens, keys }) =>
    tokens.key_signed === undefined || keys.key_signed_jwt
      ? []
      : [{ path: ['tokens', 'key_signed'], message: 'needs keys.key_signed_jwt: true', atKey: true }],
  ),
  check(['tokens', 'sessions', 'areas'], findUnasked),
];

interface Issuer {
  readonly issuer: IssuerSection;
  /** Of its claims. */
  readonly path: KeyPath;
}

function listIssuers({ issuers }: ApiSections['tokens']): Issuer[] {
  return Object.entries(issuers).map(([name, issuer]) => ({
    issuer,
    path: ['tokens', 'issuers', name, 'claims'],
  }));
}

const PLAIN = ['account', 'permissions', 'role'] as const;

function findIssuerFaults({ issuer, path }: Issuer): Fault[] {
  const { audiences, authorized_parties, claims } = issuer;
  const faults: Fault[] = [];
  if (audiences.length === 0 && authorized_parties.length === 0) {
    const message =
      'expected audiences, authorized_parties or both: without them a token made for any other service of this issuer is believed';
    faults.push({ path: path.slice(0, -1), message });
  }
  const alien = claims.format === 'clerk' ? PLAIN.filter((member) => claims[member] !== undefined) : [];
  for (const member of alien) {
    faults.push({
      path: [...path, member],
      message: 'is given with format: plain, and only there',
      atKey: true,
    });
  }
  return faults;
}

/** By `iss` a token's keys and rules are chosen: two answers would be none. */
function findRepeatedIssuers({ tokens, sessions }: Pick<ApiSections, 'tokens' | 'sessions'>): Fault[] {
  const seen = new Set(sessions === undefined ? [] : [sessions.issuer]);
  return Object.entries(tokens.issuers).flatMap(([name, { issuer }]) => {
    const path = ['tokens', 'issuers', name, 'issuer'];
    const faults = seen.has(issuer) ? [{ path, message: 'another issuer here has this name already' }] : [];
    seen.add(issuer);
    return faults;
  });
}

interface Names {
  readonly path: KeyPath;
  readonly list: string;
  readonly known: readonly string[];
}

function findUnknown(names: Readonly<Record<string, string>>, { path, list, known }: Names): Fault[] {
  return Object.entries(names)
    .filter(([, ours]) => !known.includes(ours))
    .map(([theirs, ours]) => ({ path: [...path, theirs], message: describeUnknown(ours, list, known) }));
}

function findUnasked({
  tokens,
  sessions,
  areas,
}: Pick<ApiSections, 'tokens' | 'sessions' | 'areas'>): Fault[] {
  if (areas.some(({ credentials }) => credentials.some(({ jwt }) => jwt !== undefined))) return [];
  const message = 'no area lists jwt among its credentials, so no such token is ever looked at';
  return [
    ...(Object.keys(tokens.issuers).length === 0 ? [] : [{ path: ['tokens', 'issuers'], message }]),
    ...(sessions === undefined ? [] : [{ path: ['sessions'], message }]),
  ];
}
