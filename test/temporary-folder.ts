import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/*
 * Runs once around all tests: every temporary folder of theirs, and of the servers and gateways that inherit TMPDIR, lies in one folder of
 * the run. A test that fails half way, or a server that had to be killed, so leaves nothing behind, and two runs do not see each other's.
 */

/** Short: paths of unix sockets lie below it, and have at most 107 bytes. */
const PREFIX = 'tg-';
/** A process that was just killed may still be writing, for so many tries of so many milliseconds. */
const TRIES_MAX = 10;
const AGAIN_MS = 100;
const NAMES_SHOWN = 10;

let folder = '';

export function setup(): void {
  folder = mkdtempSync(join(tmpdir(), PREFIX));
  process.env['TMPDIR'] = folder;
}

/** Removes the folder, and tells what the tests had not removed themselves. */
export function teardown(): void {
  const left = readdirSync(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: TRIES_MAX, retryDelay: AGAIN_MS });
  if (left.length === 0) return;
  const more = left.length > NAMES_SHOWN ? ` and ${left.length - NAMES_SHOWN} more` : '';
  process.stdout.write(`left by tests, and removed now: ${left.slice(0, NAMES_SHOWN).join(', ')}${more}\n`);
}
