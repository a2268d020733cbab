import { setTimeout as pause } from 'node:timers/promises';
import { acquireServerLock } from '../../../../../src/hub/store/sqlite/server-lock.ts';

/** A process of its own that holds the lock of the database named by its argument until it is killed, or for a minute. */
const HELD_MS_MAX = 60_000;

const lock = acquireServerLock(process.argv[2] ?? '');
process.stdout.write('held\n');
await pause(HELD_MS_MAX);
lock.release();
