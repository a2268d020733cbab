import { SECOND_MS } from '../../domain/time.ts';
import { createHttpListener } from '../http/listener.ts';
import type { HttpListener } from '../http/listener.ts';
import { createAdminApp } from './app.ts';
import type { AdminDeps } from './app.ts';

export interface AdminServerOptions extends AdminDeps {
  readonly listen: string;
}

/** Dashboards and scripts, not the public. */
const CONNECTIONS_MAX = 64;
const HEADER_BYTES_MAX = 16 * 1024;
const IDLE_MS = 15 * SECOND_MS;

export function createAdminServer({ listen, ...deps }: AdminServerOptions): HttpListener {
  return createHttpListener({
    name: 'admin.listen',
    listen,
    answer: createAdminApp(deps),
    connectionsMax: CONNECTIONS_MAX,
    headerBytesMax: HEADER_BYTES_MAX,
    idleMs: IDLE_MS,
    onBug: deps.onBug,
  });
}
