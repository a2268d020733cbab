import type { Server } from 'node:http';
import { SECOND_MS } from '../../domain/time.ts';
import { closeHttpServer } from '../../lib/listener/close.ts';

/** What requests under way get to end in, in milliseconds. */
const STOP_GRACE_MS = 2 * SECOND_MS;

/** Takes no new connections, lets requests under way finish for STOP_GRACE_MS, then ends every connection. */
export function closeServer(server: Server): Promise<void> {
  return closeHttpServer(server, STOP_GRACE_MS);
}
