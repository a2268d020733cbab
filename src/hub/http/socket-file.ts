import { chmod, lstat, mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import type { Server } from 'node:net';
import { platform } from 'node:os';
import { dirname, join } from 'node:path';
import { OperationRefused } from '../../domain/operations.ts';

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
 * Lets `server` listen at `path` for this user alone, or for whom the mode says, in place of a stale socket.
 * Throws `OperationRefused` where the path is too long, in use, or held by a file that is no socket.
 */
export async function listenOnSocket(
  server: Server,
  path: string,
  mode = THIS_USER_ALONE,
): Promise<{ release(): Promise<void> }> {
  requireSocketPath(path);
  await refuseTaken(path);
  // bind(2) makes the file with whatever rights the umask leaves. Inside a folder that only we may enter nobody can use
  // the socket before its rights are narrow; the rename then puts it in place in one step.
  const folder = await mkdtemp(join(dirname(path), '.tg-'));
  try {
    const hidden = join(folder, 's');
    requireSocketPath(hidden);
    await listen(server, hidden);
    await chmod(hidden, mode);
    await rename(hidden, path);
  } catch (error) {
    server.close();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const { ino } = await lstat(path);
  return { release: () => unlinkOurs(path, ino) };
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

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(path, resolve);
  await promise;
  server.off('error', reject);
}

/** Another server may have taken the place meanwhile: its socket is left alone. */
async function unlinkOurs(path: string, ino: number): Promise<void> {
  const there = await findStats(path);
  if (there?.ino === ino) await unlink(path);
}
