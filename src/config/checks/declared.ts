import type { Fault, KeyPath } from '../problems.ts';
import type { ApiSections } from '../schema/api.ts';
import type { DeclaredKeySection } from '../schema/declared.ts';
import { describeUnknown } from './areas.ts';
import { checkOf } from './check.ts';

const check = checkOf<ApiSections>();

/** Declared accounts and keys belong together, and their rights exist. */
export const DECLARED_CHECKS = [
  check(['declared'], ({ declared }) => {
    const ids = declared.accounts.map(({ id }) => id);
    return [
      ...findRepeated(ids, ['declared', 'accounts'], 'id'),
      ...findRepeated(
        declared.keys.map(({ name }) => name),
        ['declared', 'keys'],
        'name',
      ),
      ...declared.keys.flatMap((key, index) => findOwnFaults(key, ids, ['declared', 'keys', index])),
    ];
  }),
  check(['declared', 'tiers'], ({ declared, tiers }) => {
    const known = Object.keys(tiers ?? {});
    return [
      ...findUnknown({ entries: declared.accounts, at: 'accounts', right: 'tier', list: 'tiers', known }),
      ...findUnknown({ entries: declared.keys, at: 'keys', right: 'tier', list: 'tiers', known }),
    ];
  }),
  check(['declared', 'roles'], ({ declared, roles: known }) =>
    findUnknown({ entries: declared.keys, at: 'keys', right: 'role', list: 'roles', known }),
  ),
  check(['declared', 'permissions'], findPermissionFaults),
];

function findRepeated(texts: readonly string[], path: KeyPath, member: string): Fault[] {
  return texts.flatMap((text, index) =>
    texts.indexOf(text) === index
      ? []
      : [{ path: [...path, index, member], message: `another entry has this ${member} already` }],
  );
}

function findOwnFaults(key: DeclaredKeySection, accountIds: readonly string[], path: KeyPath): Fault[] {
  const faults: Fault[] = [];
  if (!accountIds.includes(key.account)) {
    faults.push({ path: [...path, 'account'], message: 'this account is not declared in declared.accounts' });
  }
  if ((key.key == null) === (key.digest === undefined)) {
    faults.push({ path, message: 'expected exactly one of key (${NAME} or file:path) and digest' });
  }
  return faults;
}

interface RightSearch {
  readonly entries: readonly { readonly tier?: string | undefined; readonly role?: string | undefined }[];
  readonly at: 'accounts' | 'keys';
  readonly right: 'tier' | 'role';
  readonly list: string;
  readonly known: readonly string[];
}

function findUnknown({ entries, at, right, list, known }: RightSearch): Fault[] {
  return entries.flatMap((entry, index) => {
    const value = entry[right];
    if (value === undefined || known.includes(value)) return [];
    return [{ path: ['declared', at, index, right], message: describeUnknown(value, list, known) }];
  });
}

/** As for keys made by command: where an API has permissions, a key without any is a mistake. */
function findPermissionFaults({
  declared,
  permissions,
}: Pick<ApiSections, 'declared' | 'permissions'>): Fault[] {
  return declared.keys.flatMap((key, index) => {
    const path = ['declared', 'keys', index, 'permissions'];
    if (permissions.length > 0 && key.permissions.length === 0) {
      return [{ path, message: `expected at least one of ${permissions.join(', ')}` }];
    }
    return key.permissions.flatMap((name, place) =>
      permissions.includes(name)
        ? []
        : [{ path: [...path, place], message: describeUnknown(name, 'permissions', permissions) }],
    );
  });
}
