import { describe, expect, test } from 'vitest';
import { OPERATORS_MAX } from '../../../../src/domain/operators.ts';
import type { OperatorRole } from '../../../../src/domain/operators.ts';
import { createOperatorLogin } from '../../../../src/hub/operations/operator-login.ts';
import { createKeyHasher } from '../../../../src/lib/key-digest.ts';
import { checksumHolds } from '../../../../src/lib/key-format.ts';
import { DependencyDown } from '../../../../src/ports.ts';
import { PEPPER, START_MS, createWorld, expectRefused } from './world.ts';
import type { World } from './world.ts';

const NEXT_PEPPER = { id: 'p2', secret: Buffer.alloc(32, 9) };
const MINUTE_MS = 60_000;

const READ_ONLY = {
  recordOperatorUse: () => Promise.reject(new DependencyDown('directory', 'disk full')),
  redigestOperator: () => Promise.reject(new DependencyDown('directory', 'disk full')),
};

function createLogin({ deps }: World, change: Partial<Parameters<typeof createOperatorLogin>[0]> = {}) {
  return createOperatorLogin({
    reads: deps.reads,
    writes: deps.writes,
    hasher: deps.hasher,
    clock: deps.clock,
    ...change,
  });
}

describe('an operator', () => {
  test('is made with a token of its own, which nothing keeps', async () => {
    const world = createWorld();
    const made = await world.operations.createOperator({ name: 'ops', role: 'write' });
    expect(Object.keys(made)).toEqual(['name', 'token', 'role', 'created_at', 'revoked_at', 'last_used_at']);
    expect(made).toMatchObject({ name: 'ops', role: 'write', revoked_at: null, last_used_at: null });
    expect(checksumHolds('op_', made.token)).toBe(true);
    expect(world.bytes().includes(made.token.slice(3))).toBe(false);
    expect(JSON.stringify(await world.operations.listOperators())).not.toContain(made.token.slice(3));
    expect(JSON.stringify(await world.operations.listAudit({}))).not.toContain(made.token.slice(3));
  });

  test.each([
    ['', /small letter/],
    ['Ops', /small letter/],
    ['ops\nroot', /small letter/],
    ['o'.repeat(65), /small letter/],
  ])('%j is no name for one', async (name, words) => {
    await expectRefused(createWorld().operations.createOperator({ name, role: 'read' }), 'invalid', words);
  });

  test('has one of two roles', async () => {
    const role = 'admin' as OperatorRole;
    await expectRefused(
      createWorld().operations.createOperator({ name: 'ops', role }),
      'invalid',
      /read, write/,
    );
  });

  test('has a name that no other has or had', async () => {
    const { operations } = createWorld();
    await operations.createOperator({ name: 'ops', role: 'read' });
    await operations.revokeOperator('ops');
    await expectRefused(operations.createOperator({ name: 'ops', role: 'write' }), 'conflict', /audit log/);
    await expectRefused(operations.revokeOperator('nobody'), 'not_found', /nobody/);
  });

  test('is one of a bounded number', async () => {
    const world = createWorld();
    const writes = { ...world.deps.writes, insertOperator: async () => ({ result: 'too_many' }) as const };
    const { operations } = createWorld({ writes });
    await expectRefused(
      operations.createOperator({ name: 'ops', role: 'read' }),
      'conflict',
      new RegExp(String(OPERATORS_MAX)),
    );
  });
});

describe('a login', () => {
  test('knows the operator by its token, until it is revoked', async () => {
    const world = createWorld();
    const find = createLogin(world);
    const { token } = await world.operations.createOperator({ name: 'ops', role: 'read' });
    expect(await find(token)).toMatchObject({ name: 'ops', role: 'read' });
    await world.operations.revokeOperator('ops');
    expect(await find(token)).toBeUndefined();
  });

  test('asks nobody about what has not the form of a token', async () => {
    const world = createWorld();
    const { token } = await world.operations.createOperator({ name: 'ops', role: 'read' });
    const find = createLogin(world, { reads: { findOperator: () => expect.fail('the store was asked') } });
    const flipped = token.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));
    for (const text of [
      '',
      'op_',
      token.slice(0, -1),
      `${token}a`,
      flipped,
      token.replace('op_', 'ty_'),
      token.toUpperCase(),
    ]) {
      expect(await find(text)).toBeUndefined();
    }
  });

  test('finds a token that was made under a pepper which is retired since', async () => {
    const world = createWorld();
    const { token } = await world.operations.createOperator({ name: 'ops', role: 'read' });
    const forgotten = createKeyHasher({ current: NEXT_PEPPER, retired: [] });
    expect(await createLogin(world, { hasher: forgotten })(token)).toBeUndefined();
    const hasher = createKeyHasher({ current: NEXT_PEPPER, retired: [PEPPER] });
    expect(await createLogin(world, { hasher })(token)).toMatchObject({ name: 'ops' });
  });

  test('under a retired pepper has the token digested anew, so that the pepper can go', async () => {
    const world = createWorld();
    const { token } = await world.operations.createOperator({ name: 'ops', role: 'read' });
    const rotated = createKeyHasher({ current: NEXT_PEPPER, retired: [PEPPER] });
    await createLogin(world, { hasher: rotated })(token);
    const alone = createKeyHasher({ current: NEXT_PEPPER, retired: [] });
    expect(await createLogin(world, { hasher: alone })(token)).toMatchObject({ name: 'ops' });
    expect(await createLogin(world)(token)).toBeUndefined();
  });

  test('is remembered once a minute', async () => {
    const world = createWorld();
    const uses: number[] = [];
    const recordOperatorUse = async (name: string, atMs: number): Promise<void> => {
      uses.push(atMs - START_MS);
      await world.deps.writes.recordOperatorUse(name, atMs);
    };
    const find = createLogin(world, { writes: { ...world.deps.writes, recordOperatorUse } });
    const { token } = await world.operations.createOperator({ name: 'ops', role: 'read' });
    for (const afterMs of [0, 1, MINUTE_MS - 1, MINUTE_MS, MINUTE_MS + 1]) {
      world.moveTo(START_MS + afterMs);
      await find(token);
    }
    expect(uses).toEqual([0, MINUTE_MS]);
    expect(await world.operations.listOperators()).toMatchObject([{ last_used_at: '2026-11-22T12:01:00Z' }]);
  });

  test('succeeds while the store can be read and not written', async () => {
    const world = createWorld();
    const { token } = await world.operations.createOperator({ name: 'ops', role: 'read' });
    for (const current of [PEPPER, NEXT_PEPPER]) {
      const hasher = createKeyHasher({ current, retired: current === PEPPER ? [] : [PEPPER] });
      expect(await createLogin(world, { hasher, writes: READ_ONLY })(token)).toMatchObject({ name: 'ops' });
    }
  });
});

describe('the audit log', () => {
  test('names who did what in each operation, and never a key', async () => {
    const world = createWorld();
    const { operations } = world;
    await operations.createAccount({ api: 'track', id: 'acme' });
    await operations.grantCredits({ api: 'track', id: 'acme' }, { credits: 1 });
    await operations.setAccount({ api: 'track', id: 'acme' }, { standing: 'suspended' });
    const made = await operations.createKey({ api: 'track', account: 'acme', name: 'one' });
    await operations.setKey(made, { name: 'two' });
    const rotated = await operations.rotateKey(made, 0);
    await operations.importKeys([
      { api: 'track', account: 'acme', name: 'old', key: 'an-imported-key-0123456789' },
    ]);
    await operations.revokeKey(rotated);
    await operations.createOperator({ name: 'ops', role: 'read' });
    await operations.revokeOperator('ops');
    const { items, next } = await operations.listAudit({});
    expect(next).toBeNull();
    expect(items.map(({ action }) => action)).toEqual([
      'operator.revoke',
      'operator.create',
      'key.revoke',
      'key.import',
      'key.rotate',
      'key.set',
      'key.create',
      'account.set',
      'account.grant',
      'account.create',
    ]);
    for (const entry of items) {
      expect(entry).toMatchObject({
        actor: 'cli:tester',
        source: 'cli-store',
        request_id: null,
        at: '2026-11-22T12:00:00Z',
      });
    }
    const text = JSON.stringify(items);
    for (const secret of [made.key, rotated.key, 'an-imported-key-0123456789'])
      expect(text).not.toContain(secret.slice(3));
  });

  test('is read in pages of a bounded size', async () => {
    const { operations } = createWorld();
    for (const limit of [0, 501, 1.5])
      await expectRefused(operations.listAudit({ limit }), 'invalid', /1 to 500/);
    await expectRefused(operations.listAudit({ after: 'x' }), 'invalid', /page before/);
  });
});
