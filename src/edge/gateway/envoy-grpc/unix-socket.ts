import { chmod, lstat, unlink } from 'node:fs/promises';
import { createConnection } from 'node:net';

/** Owner and group: a gateway under another user shares the group. Connecting needs the right to write. */
const SOCKET_MODE = 0o660;
const PROBE_MS = 1_000;

/**
 * Makes room for a socket at `path`: removes one that a dead process left behind.
 * Throws where somebody listens on it, where that cannot be told, and where the path is anything but a socket.
 */
export async function clearStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(ignoreAbsent);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`cannot listen on unix:${path}: it exists and is no socket`);
  const outcome = await probe(path);
  if (outcome === 'ENOENT') return;
  if (outcome !== 'ECONNREFUSED') throw new Error(`cannot listen on unix:${path}: ${outcome}`);
  await unlink(path).catch(ignoreAbsent);
}

/** Sets the mode of a socket that was just bound. */
export async function restrictSocket(path: string): Promise<void> {
  await chmod(path, SOCKET_MODE);
}

function probe(path: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = createConnection({ path, timeout: PROBE_MS });
  socket.once('connect', () => resolve('somebody listens on it'));
  socket.once('timeout', () => resolve('whoever listens on it does not answer'));
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'it cannot be reached'));
  return promise.finally(() => socket.destroy());
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
