import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { openSqliteStore } from '../../../../../src/hub/store/sqlite/open.ts';
import { acquireServerLock } from '../../../../../src/hub/store/sqlite/server-lock.ts';
import { StoreUnusable } from '../../../../../src/hub/store/store.ts';
import { temporaryFile } from './folder.ts';

const HOLDER = fileURLToPath(new URL('lock-holder.ts', import.meta.url));

it('lets one server hold a database, and the next once the first has let go', () => {
  const path = temporaryFile('t.db');
  const first = acquireServerLock(path);
  expect(() => acquireServerLock(path)).toThrow(StoreUnusable);
  expect(() => acquireServerLock(path)).toThrow(/is being served by another process/);
  first.release();
  acquireServerLock(path).release();
});

it('knows the database again under another name', () => {
  const path = temporaryFile('t.db');
  const first = acquireServerLock(path);
  onTestFinished(() => first.release());
  symlinkSync(path, `${path}.link`);
  expect(() => acquireServerLock(`${path}.link`)).toThrow(StoreUnusable);
});

it('says so where a file of another kind stands in its place, and leaves that file alone', () => {
  const path = temporaryFile('t.db');
  const text = 'somebody else’s lock\n'.repeat(50);
  writeFileSync(`${path}.lock`, text);
  expect(() => acquireServerLock(path)).toThrow(/is not the lock of a database/);
  expect(readFileSync(`${path}.lock`, 'utf8')).toBe(text);
});

it('hinders nobody who reads or writes the database', () => {
  const path = temporaryFile('t.db');
  const lock = acquireServerLock(path);
  onTestFinished(() => lock.release());
  openSqliteStore({ path, apiNames: [] }).close();
});

it('ends with the process that held it, even where that was killed', async () => {
  const path = temporaryFile('t.db');
  const holder = spawn(process.execPath, [HOLDER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  const ended = once(holder, 'exit');
  await once(holder.stdout, 'data');
  expect(() => acquireServerLock(path)).toThrow(StoreUnusable);
  holder.kill('SIGKILL');
  await ended;
  acquireServerLock(path).release();
});
