import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccountRef, Operations } from '../../src/domain/operations.ts';
import { createControlClient } from '../../src/hub/control/client.ts';
import { createCheckClient } from './check-client.ts';
import type { CheckClient } from './check-client.ts';
import { databaseIn, startServe } from './tollgate-process.ts';
import type { Place, Serving } from './tollgate-process.ts';

/** Changes of each kind, and checks on their way at once for each of them. */
const ROUNDS = 25;
const WORKERS = 12;
const CREDITS = 1_000_000;
/** Only a hang takes this long, in milliseconds. */
const HANG_MS = 120_000;

interface Subject {
  readonly account: AccountRef;
  readonly key: { readonly id: string; readonly key: string };
}

interface Asked {
  readonly askedMs: number;
  readonly allowed: boolean;
  /** 401 and 403 are how the API refuses what is gone. */
  readonly status: number;
}

/** Each resolves when the server has confirmed the change. */
const CHANGES: readonly [string, (operations: Operations, subject: Subject) => Promise<unknown>][] = [
  [
    'a key that was revoked',
    async (operations, { key }) => {
      const { unconfirmed } = await operations.revokeKey({ api: 'truedy', id: key.id });
      expect(unconfirmed).toEqual([]);
    },
  ],
  [
    'an account that was suspended',
    (operations, { account }) => operations.setAccount(account, { standing: 'suspended' }),
  ],
  [
    'an account that was disabled',
    (operations, { account }) => operations.setAccount(account, { standing: 'disabled' }),
  ],
];

describe('under load', () => {
  let place: Place;
  let serving: Serving;
  let client: CheckClient;
  let operations: Operations;
  let accounts = 0;

  beforeAll(async () => {
    place = { folder: mkdtempSync(join(tmpdir(), 'tollgate-in-flight-')) };
    serving = await startServe(place);
    client = createCheckClient(serving.address);
    operations = createControlClient(`${databaseIn(place)}.sock`);
  });

  afterAll(async () => {
    client.close();
    serving.child.kill('SIGKILL');
    await serving.ended;
    rmSync(place.folder, { recursive: true });
  });

  async function createSubject(): Promise<Subject> {
    accounts += 1;
    const account = { api: 'truedy', id: `account-${accounts}` };
    await operations.createAccount({ ...account, billing: 'active', credits: CREDITS });
    const key = await operations.createKey({ api: 'truedy', account: account.id, name: 'key' });
    return { account, key };
  }

  async function ask(key: string): Promise<Asked> {
    const askedMs = performance.now();
    const { allowed, status } = await client.check({
      host: 'api.truedy.ai',
      path: '/api/public/v1/videos',
      key,
    });
    return { askedMs, allowed, status };
  }

  test.each(CHANGES)(
    '%s is allowed by no check that was asked after the change was confirmed, and each allow before it is paid for',
    async (_, change) => {
      let answers = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const subject = await createSubject();
        const asked: Asked[] = [];
        let confirmedMs = Infinity;
        const worker = async (): Promise<void> => {
          for (;;) {
            const each = await ask(subject.key.key);
            asked.push(each);
            if (each.askedMs > confirmedMs) return;
          }
        };
        const load = Promise.all(Array.from({ length: WORKERS }, worker));
        await expect.poll(() => asked.length, { interval: 1, timeout: HANG_MS }).toBeGreaterThan(WORKERS);
        await change(operations, subject);
        confirmedMs = performance.now();
        await load;
        const late = asked.filter(({ askedMs }) => askedMs > confirmedMs);
        expect(late.length).toBeGreaterThan(0);
        expect(late.filter(({ allowed }) => allowed)).toEqual([]);
        expect(asked.filter(({ allowed, status }) => !allowed && status !== late[0]?.status)).toEqual([]);
        const { credits } = await operations.showAccount(subject.account);
        expect(CREDITS - credits.remaining).toBe(asked.filter(({ allowed }) => allowed).length);
        answers += asked.length;
      }
      console.log(`${ROUNDS} changes among ${answers} checks`);
    },
    HANG_MS,
  );
});
