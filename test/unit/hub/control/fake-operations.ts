import type { AccountView, CreatedKey, KeyView, Operations } from '../../../../src/domain/operations.ts';

export const ACCOUNT: AccountView = {
  id: 'acme',
  api: 'trackyard',
  tier: 'free',
  standing: 'ok',
  billing: 'active',
  trial_ends: null,
  credits: { remaining: 500, monthly_allowance: 500, purchased: 0 },
  created_at: '2026-11-22T08:00:00Z',
};

export const KEY: KeyView = {
  id: 'key_0123456789abcdef01234567',
  api: 'trackyard',
  account: 'acme',
  name: 'Production App',
  hint: 'ty_…9zZa',
  status: 'active',
  tier: null,
  permissions: [],
  role: null,
  allow_ips: null,
  limits: [],
  created_at: '2026-11-22T08:00:00Z',
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
};

export const CREATED: CreatedKey = { ...KEY, key: 'ty_secretsecretsecretsecretsecret0LsakP' };

export interface Recorded {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Operations that record what they were asked and answer the same every time, but for what `instead` overrides. */
export function createFakeOperations(instead: Partial<Operations> = {}): {
  readonly operations: Operations;
  readonly calls: Recorded[];
} {
  const calls: Recorded[] = [];
  const answers: { readonly [Name in keyof Operations]: Awaited<ReturnType<Operations[Name]>> } = {
    createAccount: ACCOUNT,
    showAccount: ACCOUNT,
    setAccount: ACCOUNT,
    grantCredits: ACCOUNT,
    createKey: CREATED,
    showKey: KEY,
    listKeys: { items: [KEY], next: null },
    setKey: KEY,
    rotateKey: CREATED,
    revokeKey: { ...KEY, status: 'revoked', unconfirmed: [] },
    importKeys: [KEY],
  };
  const operations = Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [
      name,
      async (...args: readonly unknown[]) => {
        calls.push({ name, args });
        const other = Reflect.get(instead, name) as ((...given: unknown[]) => unknown) | undefined;
        return other === undefined ? answer : other(...args);
      },
    ]),
  ) as unknown as Operations;
  return { operations, calls };
}
