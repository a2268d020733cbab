import { lstat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import type { Server } from 'node:net';
import { platform } from 'node:os';
import { OperationRefused } from '../../domain/operations.ts';
import { bindServer } from '../../lib/listener/bind.ts';
import type { Bound } from '../../lib/listener/bind.ts';
import { hiddenBeside } from '../../lib/listener/unix-socket.ts';

/** What `sockaddr_un.sun_path` holds beside its final zero byte (unix(7); 104 bytes in all on macOS). */
export const SOCKET_PATH_BYTES_MAX = platform() === 'darwin' ? 103 : 107;
const PROBE_MS = 2_000;
const NOBODY: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED']);

/** Throws `OperationRefused` where the system could not address a socket at this path; some systems cut it silently. */
export function requireSocketPath(path: string): void {
  const pathBytes = Buffer.byteLength(path);
  if (pathBytes <= SOCKET_PATH_BYTES_MAX) return;
  throw new OperationRefused(
    'invalid',
    `a socket's path has ${pathBytes} bytes where the system allows ${SOCKET_PATH_BYTES_MAX}: ` +
      `put it, or the database beside which it lies, in a folder with a shorter path (${path})`,
  );
}

/** True when connecting says that no process listens at this path, whether or not a stale file lies there. */
export async function findNobodyAt(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createConnection({ path });
  socket.setTimeout(PROBE_MS, () => resolve(false));
  socket.once('connect', () => resolve(false));
  socket.once('error', (error) => resolve(NOBODY.has(codeOf(error))));
  const nobody = await promise;
  socket.destroy();
  return nobody;
}

const THIS_USER_ALONE = 0o600;

/**
 * Lets `server` listen at `path` for this user alone, in place of a stale socket.
 * Throws `OperationRefused` where the path is too long, in use, held by a file that is no socket, or cannot be had.
 */
export async function listenOnSocket(server: Server, path: string): Promise<Pick<Bound, 'release'>> {
  requireSocketPath(path);
  requireSocketPath(hiddenBeside(path));
  await refuseTaken(path);
  return bindServer(server, { listen: `unix:${path}`, socketMode: THIS_USER_ALONE }).catch((error: Error) => {
    throw new OperationRefused('unavailable', error.message);
  });
}

export function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

async function refuseTaken(path: string): Promise<void> {
  const there = await findStats(path);
  if (there === undefined) return;
  if (!there.isSocket()) {
    throw new OperationRefused('conflict', `${path} exists and is no socket: move it away`);
  }
  if (await findNobodyAt(path)) return;
  throw new OperationRefused('conflict', `another server listens on ${path}`);
}

async function findStats(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
