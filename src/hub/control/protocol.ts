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
