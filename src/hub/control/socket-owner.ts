import { lstat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { OperationRefused } from '../../domain/operations.ts';

const ROOT = 0;

/**
 * Throws `OperationRefused` where somebody else than we, root or the folder's owner made the socket: in a folder that all
 * may write (`/tmp`) anybody could put one there and be handed keys.
 */
export async function requireTrustedSocket(path: string): Promise<void> {
  const [socket, folder] = await Promise.all([lstat(path), lstat(dirname(path))]);
  if ([userInfo().uid, folder.uid, ROOT].includes(socket.uid)) return;
  throw new OperationRefused('unavailable', `${path} was made by another user and is not trusted`);
}
