import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { ANONYMOUS, IDENTIFIED, MIXED } from './words.ts';

/*
 * The application behind every gateway, on a thread of its own: it answers what it sees of the caller, so that whoever asks it knows
 * for every single request whether Tollgate was asked. It posts its port once it listens.
 */

/** Longer than a bench lasts: no request meets a connection that is being closed. */
const KEEP_ALIVE_MS = 3_600_000;

function describeCaller({ headersDistinct }: IncomingMessage): string {
  const { 'x-account-id': account, 'x-key-id': key, authorization } = headersDistinct;
  if (account === undefined && key === undefined) return ANONYMOUS;
  const known = account?.join() === 'bench' && /^\w+$/.test(key?.join() ?? '');
  return known && authorization === undefined ? IDENTIFIED : MIXED;
}

const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
  const body = describeCaller(request);
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length }).end(body);
});
server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
