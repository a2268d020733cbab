import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { findFreePort } from '../free-port.ts';
import { createFolder } from './child.ts';
import { PLUGIN_FOLDER, toDeclarations, toEntries } from './kong-recipe.ts';
import type { KongFront, KongOptions } from './kong-recipe.ts';

const START_MS = 60_000;
const STOP_MS = 20_000;

/** The plugin in a real Kong, without a database: `kong start` returns once it listens. */
export async function startKong(binary: string, options: KongOptions): Promise<KongFront> {
  const place = await createFolder();
  const { folder } = place;
  const [port, http2Port] = await Promise.all([findFreePort(), findFreePort()]);
  const logFile = join(folder, 'log.jsonl');
  const recipe = await toDeclarations(options);
  const fileLog = { name: 'file-log', config: { path: logFile, reopen: true } };
  await writeFile(join(folder, 'kong.yml'), stringify({ ...recipe, plugins: [fileLog] }));
  const env = {
    PATH: process.env['PATH'],
    TOLLGATE_GATEWAY_TOKEN: options.token,
    KONG_PREFIX: join(folder, 'prefix'),
    KONG_DATABASE: 'off',
    KONG_DECLARATIVE_CONFIG: join(folder, 'kong.yml'),
    KONG_PLUGINS: 'bundled,tollgate,tollgate-endpoint',
    KONG_NGINX_PROXY_LARGE_CLIENT_HEADER_BUFFERS: '4 32k',
    KONG_LUA_PACKAGE_PATH: `${PLUGIN_FOLDER}/?.lua;;`,
    KONG_PROXY_LISTEN: `127.0.0.1:${port}, 127.0.0.1:${http2Port} http2`,
    KONG_ADMIN_LISTEN: 'off',
    KONG_ADMIN_GUI_LISTEN: 'off',
    KONG_NGINX_WORKER_PROCESSES: '1',
    KONG_PROXY_ERROR_LOG: join(folder, 'error.log'),
    KONG_ANONYMOUS_REPORTS: 'off',
    ...(options.authority && { KONG_LUA_SSL_TRUSTED_CERTIFICATE: options.authority }),
  };
  const run = (verb: 'start' | 'stop', timeout: number) =>
    promisify(execFile)(binary, [verb, '--prefix', env.KONG_PREFIX], { env, timeout });
  const stop = async (): Promise<void> => {
    await run('stop', STOP_MS);
    await place.remove();
  };
  try {
    await run('start', START_MS);
  } catch (error) {
    await place.remove();
    throw error;
  }
  return {
    port,
    http2Port,
    readErrors: () => readFile(join(folder, 'error.log'), 'utf8'),
    readLog: async () => toEntries(await readFile(logFile, 'utf8').catch(() => '')),
    stop,
  };
}
