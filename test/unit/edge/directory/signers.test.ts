import { describe, expect, test } from 'vitest';
import { sealingContext } from '../../../../src/domain/feed-records.ts';
import type { SealedKeyRecord } from '../../../../src/domain/feed-records.ts';
import { KEY_SIGNERS_MAX } from '../../../../src/domain/session.ts';
import { createDirectory } from '../../../../src/edge/directory/packed.ts';
import type { PackedDirectory } from '../../../../src/edge/directory/packed.ts';
import { createKeyHasher } from '../../../../src/lib/key-digest.ts';
import { createSealer } from '../../../../src/lib/seal.ts';
import type { Sealer } from '../../../../src/lib/seal.ts';
import { subjectOf } from '../../../../src/lib/subject.ts';
import { accountRecord, batchOf, createApi, digestOf, keyRecord } from './world.ts';

const api = createApi({ index: 0, keys: { imports: true, sealed: true } });
const hasher = createKeyHasher({ current: { id: 'p1', secret: new Uint8Array(32) }, retired: [] });
const NOW = { wallMs: 1_000, monotonicMs: 0 };

const sealingKey = (id: string) => ({ id, secret: new Uint8Array(32).fill(id.charCodeAt(1)) });
const before = createSealer({ current: sealingKey('s1'), retired: [] });
const now = createSealer({ current: sealingKey('s2'), retired: [sealingKey('s1')] });

interface Told {
  readonly row: number;
  readonly reseal: () => SealedKeyRecord;
}

interface World {
  readonly directory: PackedDirectory;
  readonly told: readonly Told[];
  /** Takes over a key of the account, sealed. */
  readonly add: (row: number, sealer: Sealer, change?: Partial<Parameters<typeof keyRecord>[0]>) => void;
}

function createWorld(sealer: Sealer): World {
  const told: Told[] = [];
  const directory = createDirectory({
    apis: [api],
    hasher,
    sealer,
    onRetiredSeal: (row, reseal) => void told.push({ row, reseal }),
  });
  const { word0, word1, word2 } = subjectOf([api.name, 'acme']);
  directory.apply(
    batchOf((sink) =>
      sink.account(accountRecord({ id: 'acme', subject: Int32Array.of(word0, word1, word2) })),
    ),
  );
  return {
    directory,
    told,
    add(row, sealedBy, change = {}) {
      const { keyId: sealingKeyId, sealed: bytes } = sealedBy.seal(
        textOf(row),
        sealingContext(api.name, idOf(row)),
      );
      directory.apply(
        batchOf((sink) =>
          sink.key(
            keyRecord({
              row,
              digest: digestOf(hasher, textOf(row)),
              id: Int32Array.of(row, 0, 0),
              sealed: { sealingKeyId, bytes },
              ...change,
            }),
          ),
        ),
      );
    },
  };
}

const textOf = (row: number): string => `imported-key-of-row-${row}`;
const idOf = (row: number): string => `key_${row.toString(16).padStart(2, '0')}${'0'.repeat(22)}`;

describe('the keys with which customers sign', () => {
  test('are opened as they were made', () => {
    const { directory, add } = createWorld(now);
    add(1, now);
    expect(directory.findSigners(api, { keyId: idOf(1) }, NOW)).toEqual([
      { keyId: idOf(1), secret: Buffer.from(textOf(1)) },
    ]);
  });

  test('are at most the sixteen newest of an account that have not expired', () => {
    const { directory, add } = createWorld(now);
    for (let row = 1; row <= 2 * KEY_SIGNERS_MAX; row += 1) {
      add(row, now, row % 2 === 0 ? { expiresAtMs: NOW.wallMs } : { expiresAtMs: NOW.wallMs + 1 });
    }
    add(99, now);
    const rows = [99, ...Array.from({ length: 15 }, (_, at) => 2 * KEY_SIGNERS_MAX - 1 - 2 * at)];
    expect(directory.findSigners(api, { account: 'acme' }, NOW).map(({ keyId }) => keyId)).toEqual(
      rows.map(idOf),
    );
  });

  test('are none of an account whose name only looks like another’s', () => {
    const { directory, add } = createWorld(now);
    add(1, now);
    for (const account of ['Acme', 'acme ', 'acme\0', '', 'api-0\0acme']) {
      expect(directory.findSigners(api, { account }, NOW)).toEqual([]);
    }
  });

  test('are none where the id is written in another way', () => {
    const { directory, add } = createWorld(now);
    add(1, now);
    const id = idOf(1);
    for (const keyId of [
      '',
      id.slice(4),
      id.toUpperCase(),
      `${id}0`,
      id.slice(0, -1),
      `ses_${id.slice(4)}`,
    ]) {
      expect(directory.findSigners(api, { keyId }, NOW)).toEqual([]);
      expect(directory.findKey(api, keyId)).toBeUndefined();
    }
  });

  test('sign nothing where their sealing key is not there, or where they were sealed as another key, and open their API all the same', () => {
    const { directory, add } = createWorld(before);
    add(1, now);
    add(2, before, { id: Int32Array.of(7, 0, 0) });
    expect(directory.findSigners(api, { keyId: idOf(1) }, NOW)).toEqual([]);
    expect(directory.findSigners(api, { keyId: idOf(7) }, NOW)).toEqual([]);
    expect(directory.find(api, textOf(1))?.keyRow).toBe(1);
  });

  test('are told of when they are opened or shown under a retired sealing key, and can be sealed anew', () => {
    const { directory, told, add } = createWorld(now);
    add(1, before);
    add(2, before);
    add(3, now);
    directory.findSigners(api, { keyId: idOf(1) }, NOW);
    directory.find(api, textOf(2));
    directory.findSigners(api, { keyId: idOf(3) }, NOW);
    directory.find(api, textOf(3));
    expect(told.map(({ row }) => row)).toEqual([1, 2]);
    for (const { row, reseal } of told) {
      const { sealingKeyId, bytes } = reseal();
      expect(sealingKeyId).toBe('s2');
      const context = sealingContext(api.name, idOf(row));
      const alone = createSealer({ current: sealingKey('s2'), retired: [] });
      expect(alone.unseal({ keyId: 's2', sealed: bytes }, context)).toBe(textOf(row));
    }
  });

  test('that a configuration file declares are not told of: each start seals them', () => {
    const { directory, told, add } = createWorld(now);
    add(1, before, { row: 0 });
    expect(directory.findSigners(api, { keyId: idOf(1) }, NOW)).toHaveLength(1);
    expect(directory.find(api, textOf(1))?.keyRow).toBe(0);
    expect(told).toEqual([]);
  });
});
