import type { AuditEntry } from '../../../../src/domain/audit.ts';
import type { OperatorView } from '../../../../src/domain/operators.ts';
import type {
  AccountView,
  CreatedKey,
  KeyView,
  Operations,
  SessionView,
  SigningKeyView,
} from '../../../../src/domain/operations.ts';

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

export const SESSION: SessionView = {
  id: 'ses_0123456789abcdef01234567',
  api: 'trackyard',
  account: 'acme',
  key: KEY.id,
  status: 'active',
  created_at: '2026-11-22T08:00:00Z',
  refreshed_at: '2026-11-22T08:05:00Z',
  idle_until: '2026-11-29T08:05:00Z',
  expires_at: '2026-12-22T08:00:00Z',
  ended_at: null,
  ended_why: null,
};

export const SIGNING_KEY: SigningKeyView = {
  kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  api: 'trackyard',
  algorithm: 'EdDSA',
  state: 'active',
  published_at: '2026-11-22T08:00:00Z',
  signs_from: '2026-11-22T08:00:00Z',
  published_until: null,
};

export const OPERATOR: OperatorView = {
  name: 'ops',
  role: 'write',
  created_at: '2026-11-22T08:00:00Z',
  revoked_at: null,
  last_used_at: null,
};

export const OPERATOR_TOKEN = 'op_secretsecretsecretsecretsecret0LsakP';

export const AUDIT_ENTRY: AuditEntry = {
  seq: 7,
  at: '2026-11-22T08:00:00Z',
  actor: 'cli:alice',
  source: 'control',
  request_id: null,
  action: 'account.set',
  api: 'trackyard',
  object: 'acme',
  changed: { tier: { from: 'free', to: 'pro' } },
};

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
    listSessions: { items: [SESSION], next: null },
    showSession: SESSION,
    revokeSessions: { ended: 1, unconfirmed: [] },
    listSigningKeys: [SIGNING_KEY],
    rotateSigningKey: SIGNING_KEY,
    createOperator: { ...OPERATOR, token: OPERATOR_TOKEN },
    listOperators: [OPERATOR],
    revokeOperator: { ...OPERATOR, revoked_at: '2026-11-22T09:00:00Z' },
    listAudit: { items: [AUDIT_ENTRY], next: null },
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
