import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort } from '../free-port.ts';
import { createFolder, startChild } from './child.ts';
import type { Gateway, GatewayPlace } from './gateway.ts';
import { renderPorts } from './render-ports.ts';

const RECIPE = new URL('../../../deploy/caddy/Caddyfile', import.meta.url);

/** Caddy with the repository's recipe. */
export async function startCaddy(place: GatewayPlace): Promise<Gateway> {
  const { folder, remove } = await createFolder();
  const port = await findFreePort();
  const config = join(folder, 'Caddyfile');
  await writeFile(config, renderPorts(await readFile(RECIPE, 'utf8'), port, place));
  const stop = await startChild({
    command: place.binary,
    args: ['run', '--config', config, '--adapter', 'caddyfile'],
    folder,
    port,
    env: { TOLLGATE_GATEWAY_TOKEN: place.token, HOME: folder },
  });
  return {
    port,
    async stop() {
      await stop();
      await remove();
    },
  };
}
