import type { Server } from 'node:http';
import { SECOND_MS } from '../../domain/time.ts';

/** What requests under way get to end in, in milliseconds. */
const STOP_GRACE_MS = 2 * SECOND_MS;

/** Takes no new connections, lets requests under way finish for STOP_GRACE_MS, then ends every connection. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeIdleConnections();
  const ending = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await promise;
  clearTimeout(ending);
}
