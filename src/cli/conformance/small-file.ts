import { readFile, stat } from 'node:fs/promises';
import { OperationRefused } from '../../domain/operations.ts';

const FILE_BYTES_MAX = 1024 * 1024;

/** The text of a file that a person named. Looks before it reads, for a device has no end. Throws `OperationRefused('invalid')`. */
export async function readSmallFile(name: string): Promise<string> {
  const stats = await stat(name).catch((error: unknown) => {
    throw new OperationRefused('invalid', error instanceof Error ? error.message : `${name} cannot be read`);
  });
  if (!stats.isFile() || stats.size > FILE_BYTES_MAX) {
    throw new OperationRefused('invalid', `${name}: not a file of a size to read`);
  }
  return readFile(name, 'utf8');
}
