import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NGINX_MODULES } from '../../parts.ts';
import { findFreePort } from '../free-port.ts';
import { createFolder, startChild } from './child.ts';
import { PLUGIN_FOLDER, toDeclarations, toEntries } from './kong-recipe.ts';
import type { KongFront, KongOptions } from './kong-recipe.ts';

const SHIM = fileURLToPath(new URL('../../kong', import.meta.url));

/** The plugin under Debian's nginx with its Lua module, and a stand-in for Kong around it (test/kong). */
export async function startKongStandIn(options: KongOptions): Promise<KongFront> {
  const place = await createFolder();
  const { folder } = place;
  const [port, http2Port] = await Promise.all([findFreePort(), findFreePort()]);
  await writeFile(join(folder, 'kong.json'), JSON.stringify(await toDeclarations(options)));
  await writeFile(join(folder, 'nginx.conf'), await toNginxConf(options, { port, http2Port }));
  const stop = await startChild({
    command: 'nginx',
    args: ['-p', folder, '-c', join(folder, 'nginx.conf')],
    folder,
    port,
    env: { TOLLGATE_GATEWAY_TOKEN: options.token },
  });
  return {
    port,
    http2Port,
    readErrors: () => readFile(join(folder, 'error.log'), 'utf8'),
    readLog: async () => toEntries(await readFile(join(folder, 'log.jsonl'), 'utf8').catch(() => '')),
    async stop() {
      await stop();
      await place.remove();
    },
  };
}

interface Ports {
  readonly port: number;
  readonly http2Port: number;
}

async function toNginxConf({ authority }: KongOptions, { port, http2Port }: Ports): Promise<string> {
  const text = await readFile(join(SHIM, 'nginx.conf'), 'utf8');
  const filled = text
    .replaceAll('MODULES', NGINX_MODULES)
    .replace('PLUGIN', PLUGIN_FOLDER)
    .replace('SHIM', SHIM)
    .replace('HTTP_PORT', String(port))
    .replace('HTTP2_PORT', String(http2Port));
  return authority === undefined
    ? filled.replace(/^.*AUTHORITY;$/m, '')
    : filled.replace('AUTHORITY', authority);
}
