import { chmod, lstat, mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';

const PROBE_MS = 1_000;
const FOLDER = '.tg-';
const SOCKET = 's';

/** A path as long as the one at which a socket is made before it appears at its own: the system must be able to address both. */
export function hiddenBeside(path: string): string {
  return join(dirname(path), `${FOLDER}XXXXXX`, SOCKET);
}

export interface SocketPlace {
  readonly path: string;
  /** Who may connect, which needs the right to write. */
  readonly mode: number;
}

/**
 * Puts a socket in place with exactly these rights; resolves to how to remove it again.
 *
 * bind(2) makes the file with whatever the umask leaves, and no thread but the first may change that. So the socket is bound inside a
 * folder that only we may enter, gets its rights there, and appears at its path in one step: nobody whom the mode keeps out can have
 * connected before, and a dead process's socket gives way without a moment in which there is none.
 * Throws where somebody listens at the path, where that cannot be told, and where it is anything but a socket.
 */
export async function placeSocket(
  { path, mode }: SocketPlace,
  bind: (hidden: string) => Promise<void>,
): Promise<() => Promise<void>> {
  await refuseTaken(path);
  const folder = await mkdtemp(join(dirname(path), FOLDER));
  try {
    const hidden = join(folder, SOCKET);
    await bind(hidden);
    await chmod(hidden, mode);
    await rename(hidden, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const { ino } = await lstat(path);
  return () => unlinkOurs(path, ino);
}

async function refuseTaken(path: string): Promise<void> {
  const found = await lstat(path).catch(ignoreAbsent);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error('it exists and is no socket');
  const outcome = await probe(path);
  if (outcome !== 'ENOENT' && outcome !== 'ECONNREFUSED') throw new Error(outcome);
}

function probe(path: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = createConnection({ path, timeout: PROBE_MS });
  socket.once('connect', () => resolve('somebody listens on it'));
  socket.once('timeout', () => resolve('whoever listens on it does not answer'));
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'it cannot be reached'));
  return promise.finally(() => socket.destroy());
}

/** Another server may have taken the place meanwhile: its socket is left alone. */
async function unlinkOurs(path: string, ino: number): Promise<void> {
  const there = await lstat(path).catch(ignoreAbsent);
  if (there?.ino === ino) await unlink(path).catch(ignoreAbsent);
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
