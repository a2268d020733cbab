import type { NewAccount, NewKey, Operations } from '../../domain/operations.ts';

/** The sample keys by the name under which the requests of the demo mention them. */
export type DemoKeys = ReadonlyMap<string, string>;

interface DemoKey extends NewKey {
  readonly label: string;
}

const PAST = '2026-01-01T00:00:00Z';
const PLENTY = 1_000;

const ACCOUNTS: readonly NewAccount[] = [
  { api: 'truedy', id: 'acme', billing: 'active', credits: PLENTY },
  { api: 'truedy', id: 'newcomer', billing: 'trial_not_started', credits: PLENTY },
  { api: 'truedy', id: 'ended', billing: 'trialing', trialEnds: PAST, credits: PLENTY },
  { api: 'truedy', id: 'lapsed', billing: 'inactive', credits: PLENTY },
  { api: 'truedy', id: 'spent', billing: 'active' },
  { api: 'clary', id: 'acme' },
  { api: 'trackyard', id: 'acme' },
  { api: 'trackyard', id: 'busy' },
  { api: 'autype', id: 'acme', credits: PLENTY },
  { api: 'autype', id: 'spent' },
  { api: 'freddy', id: 'acme' },
  { api: 'freddy', id: 'frozen' },
];

const KEYS: readonly DemoKey[] = [
  { label: 'truedy', api: 'truedy', account: 'acme', name: 'Production' },
  { label: 'truedy revoked', api: 'truedy', account: 'acme', name: 'Leaked' },
  { label: 'truedy office', api: 'truedy', account: 'acme', name: 'Office', allowIps: ['203.0.113.0/24'] },
  { label: 'truedy slow', api: 'truedy', account: 'acme', name: 'Slow', limits: ['1/minute'] },
  { label: 'truedy newcomer', api: 'truedy', account: 'newcomer', name: 'First' },
  { label: 'truedy ended', api: 'truedy', account: 'ended', name: 'Trial' },
  { label: 'truedy lapsed', api: 'truedy', account: 'lapsed', name: 'Old' },
  { label: 'truedy spent', api: 'truedy', account: 'spent', name: 'Empty' },
  { label: 'clary reader', api: 'clary', account: 'acme', name: 'Reader', permissions: ['documents:read'] },
  { label: 'trackyard', api: 'trackyard', account: 'acme', name: 'Production App' },
  { label: 'trackyard busy', api: 'trackyard', account: 'busy', name: 'Loop' },
  { label: 'trackyard revoked', api: 'trackyard', account: 'acme', name: 'Lost' },
  { label: 'autype', api: 'autype', account: 'acme', name: 'Server' },
  { label: 'autype spent', api: 'autype', account: 'spent', name: 'Empty' },
  { label: 'freddy', api: 'freddy', account: 'acme', name: 'Hub' },
  { label: 'freddy frozen', api: 'freddy', account: 'frozen', name: 'Hub' },
];

const REVOKED: ReadonlySet<string> = new Set(['truedy revoked', 'trackyard revoked']);
/** Made last: once it is known to the edge, everything before it is. */
export const LAST_KEY = 'freddy last';

/** Fills an empty store with the sample accounts and keys. */
export async function createDemoWorld(operations: Operations): Promise<DemoKeys> {
  const keys = new Map<string, string>();
  for (const account of ACCOUNTS) await operations.createAccount(account);
  for (const { label, ...input } of KEYS) {
    const created = await operations.createKey(input);
    keys.set(label, created.key);
    if (REVOKED.has(label)) await operations.revokeKey({ api: created.api, id: created.id });
  }
  await operations.setAccount({ api: 'freddy', id: 'frozen' }, { standing: 'suspended' });
  const last = await operations.createKey({ api: 'freddy', account: 'acme', name: 'Last' });
  return keys.set(LAST_KEY, last.key);
}
