import { randomBytes } from 'node:crypto';
import { compile } from '../../src/config/compile.ts';
import type { CreditCharge } from '../../src/domain/credits.ts';
import type { Api } from '../../src/domain/policy.ts';
import { createDirectory } from '../../src/edge/directory/packed.ts';
import { createKeyMaterial } from '../../src/hub/operations/key-material.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite/open.ts';
import type { AccountInsert } from '../../src/hub/store/accounts.ts';
import type { KeyInsert } from '../../src/hub/store/keys.ts';
import type { Store, StoreWrites } from '../../src/hub/store/store.ts';
import { WRITE_BATCH_MAX } from '../../src/hub/store/store.ts';
import { createKeyHasher } from '../../src/lib/key-digest.ts';
import { issueKey } from '../../src/lib/key-format.ts';
import type { Channel } from '../../src/link/channel.ts';
import { load } from '../unit/config/world.ts';
import { BY } from './author.ts';

export const NOW_MS = Date.UTC(2026, 10, 22, 12);

const hasher = createKeyHasher({
  current: { id: 'p1', secret: Buffer.from('a pepper of tests, 32 bytes long') },
  retired: [],
});
export const policy = compile(load().document);
export const [API] = policy.apis as readonly [Api];

/** An edge's real directory, empty. */
export function createEdgeDirectory() {
  return createDirectory({ apis: policy.apis, hasher });
}

export function openStore(path: string): Store {
  return openSqliteStore({ path, apiNames: policy.apis.map(({ name }) => name), busyTimeoutMs: 10_000 });
}

export function newAccount(id: string, credits = 0): AccountInsert {
  const tier = 'free';
  return { api: API.name, id, tier, billing: 'active', trialEndsMs: null, credits, createdMs: NOW_MS };
}

/** A key and what the store keeps of it. */
export interface MadeKey {
  readonly key: string;
  readonly insert: KeyInsert;
}

export function newKey(account: string, permissions: readonly string[] = ['read']): MadeKey {
  const key = issueKey(API.keys.prefix, randomBytes);
  const material = createKeyMaterial({ hasher, sealer: undefined, random: randomBytes }, API, key);
  const profile = { tier: '', permissions, role: '', limits: [] };
  const rest = { api: API.name, account, name: 'a key', profile, createdMs: NOW_MS, expiresMs: null };
  return { key, insert: { ...material, ...rest } };
}

export function refOf({ insert: { api, id } }: MadeKey): { readonly api: string; readonly id: string } {
  return { api, id };
}

export async function insertAll(
  writes: Pick<StoreWrites, 'insertKeys'>,
  keys: readonly MadeKey[],
): Promise<void> {
  for (let at = 0; at < keys.length; at += WRITE_BATCH_MAX) {
    const batch = keys.slice(at, at + WRITE_BATCH_MAX).map(({ insert }) => insert);
    const { result } = await writes.insertKeys(batch, BY);
    if (result !== 'inserted') throw new Error(`a batch was not inserted: ${result}`);
  }
}

export function chargeOf(accountRow: number, keyRow: number, cost = 1): CreditCharge {
  return { accountRow, keyRow, cost, allowance: 0, wallMs: NOW_MS };
}

export interface Held {
  readonly channel: Channel;
  /** From now on what the other end sends waits here. */
  hold(): void;
  /** Resolves when so many messages wait. */
  holding(count: number): Promise<void>;
  /** Delivers what waits, in its order, and everything from now on. */
  release(): void;
}

/** The same channel, on which messages to this end can be made to wait. */
export function holdable(channel: Channel): Held {
  let held: unknown[] | undefined;
  let deliver: (message: unknown) => void = () => undefined;
  let onHeld = (): void => undefined;
  return {
    hold: () => void (held ??= []),
    async holding(count) {
      while ((held ?? []).length < count) await new Promise<void>((resolve) => (onHeld = resolve));
    },
    release() {
      const waiting = held ?? [];
      held = undefined;
      for (const message of waiting) deliver(message);
    },
    channel: {
      post: channel.post.bind(channel),
      onClose: channel.onClose.bind(channel),
      close: channel.close.bind(channel),
      onMessage(receive) {
        deliver = receive;
        channel.onMessage((message) => {
          if (held === undefined) return receive(message);
          held.push(message);
          onHeld();
        });
      },
    },
  };
}

export interface Tapped {
  readonly channel: Channel;
  /** The kinds of messages in both directions, in the order in which this end saw them. */
  readonly seen: readonly string[];
}

/** The same channel, listened in on. */
export function tap(channel: Channel): Tapped {
  const seen: string[] = [];
  const note = (message: unknown): void => void seen.push((message as { kind: string }).kind);
  return {
    seen,
    channel: {
      onClose: channel.onClose.bind(channel),
      close: channel.close.bind(channel),
      post(message) {
        note(message);
        channel.post(message);
      },
      onMessage: (receive) =>
        channel.onMessage((message) => {
          note(message);
          receive(message);
        }),
    },
  };
}
