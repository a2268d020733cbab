import { platform } from 'node:os';
import { OperationRefused } from '../../domain/operations.ts';
import type { OperationFault } from '../../domain/operations.ts';

/** What both ends of the control socket agree on: `POST /operations/<name>`, a JSON list of arguments in, JSON out. */
export const OPERATION_PATH = '/operations/';
export const REQUEST_BYTES_MAX = 1024 * 1024;
/** The name of the user who asks, percent-encoded. Taken at its word: whoever may use the socket could change the database itself. */
export const USER_HEADER = 'x-tollgate-user';

/** Status of a refused operation; the client goes by the fault in the body. */
export const FAULT_STATUS: Readonly<Record<OperationFault, number>> = {
  invalid: 400,
  not_found: 404,
  conflict: 409,
  read_only: 403,
  unavailable: 503,
};

/** What `sockaddr_un.sun_path` holds beside its final zero byte (unix(7); 104 bytes in all on macOS). */
export const SOCKET_PATH_BYTES_MAX = platform() === 'darwin' ? 103 : 107;

/** Throws `OperationRefused` where the system could not address a socket at this path; some systems cut it silently. */
export function requireSocketPath(path: string): void {
  const pathBytes = Buffer.byteLength(path);
  if (pathBytes <= SOCKET_PATH_BYTES_MAX) return;
  throw new OperationRefused(
    'invalid',
    `the control socket's path has ${pathBytes} bytes where the system allows ${SOCKET_PATH_BYTES_MAX}: ` +
      `put the database in a folder with a shorter path (${path})`,
  );
}
