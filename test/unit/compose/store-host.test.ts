import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createStoreHost } from '../../../src/compose/store-host.ts';
import type { StoreHost } from '../../../src/compose/store-host.ts';
import { NOTHING_DECLARED } from '../../../src/hub/store/declared.ts';
import { createDirectChannel } from '../../../src/link/channel.ts';
import type { ToEdge, ToHub } from '../../../src/link/messages.ts';
import { BY } from '../../contract/author.ts';
import { newAccount, newKey, refOf } from '../../contract/store.ts';

const SESSION = 'ses_0123456789abcdef01234567';
/** More than a message needs from one end to the other and back. */
const TURNS = 20;

/** A host and an edge that confirms what it is sent only when it is told to. */
function createHost() {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-host-'));
  const [edge, hub] = createDirectChannel();
  const host = createStoreHost({
    path: join(folder, 't.db'),
    apiNames: ['alpha'],
    declared: NOTHING_DECLARED,
    edge: hub,
    checkpoints: 'automatic',
    onNote: () => undefined,
    onMeasured: () => undefined,
  });
  onTestFinished(async () => {
    await host.closeStore();
    rmSync(folder, { recursive: true });
  });
  let confirms = true;
  const held: ToHub[] = [];
  edge.onMessage((message) => {
    const received = message as ToEdge;
    if (received.kind !== 'batch') return;
    const answer: ToHub = { kind: 'confirm', cursor: received.batch.cursor };
    if (confirms) edge.post(answer);
    else held.push(answer);
  });
  edge.post({ kind: 'follow' } satisfies ToHub);
  return {
    host,
    hold: () => void (confirms = false),
    release: () => {
      confirms = true;
      for (const answer of held.splice(0)) edge.post(answer);
    },
    /** Confirms what was sent so far, and nothing after it. */
    confirmSent: () => {
      for (const answer of held.splice(0)) edge.post(answer);
    },
  };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await nextTurn();
}

const insert = (host: StoreHost) =>
  host.insertSession({
    api: 'alpha',
    id: SESSION,
    key: refOf(1).id,
    atMs: 1,
    expiresMs: 9,
    diesMs: 9,
    refresh: null,
  });

describe('a write of sessions', () => {
  test.each([
    ['a new one', insert],
    [
      'an end',
      (host: StoreHost) =>
        host.endSessions({ api: 'alpha', of: { account: 'acme' }, why: 'logout', atMs: 2 }),
    ],
    ['a revocation of its key', (host: StoreHost) => host.revokeKey(refOf(1), 2, BY)],
  ])('%s is answered once the edge knows of it, and not before', async (_, write) => {
    const { host, hold, release } = createHost();
    await host.insertAccount(newAccount(), BY);
    await host.insertKeys([newKey(1)], BY);
    if (write !== insert) await insert(host);
    hold();
    let answered = false;
    const writing = write(host).then(() => (answered = true));
    await turns();
    expect(answered).toBe(false);
    release();
    await writing;
    expect(answered).toBe(true);
  });

  test('is answered also while others go on being made', async () => {
    const { host, hold, release, confirmSent } = createHost();
    await host.insertAccount(newAccount(), BY);
    await host.insertKeys([newKey(1)], BY);
    hold();
    let answered = false;
    const first = insert(host).then(() => (answered = true));
    await turns();
    // Behind the session in the feed, which need not wait for it.
    const behind = host.updateAccount({ api: 'alpha', id: 'acme' }, { tier: 'pro' }, BY);
    confirmSent();
    await turns();
    expect(answered).toBe(true);
    release();
    await Promise.all([first, behind]);
  });
});
