import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../free-port.ts';
import { createFolder, startChild } from './child.ts';
import type { Gateway, GatewayPlace } from './gateway.ts';
import { renderPorts } from './render-ports.ts';

const RECIPE = fileURLToPath(new URL('../../../deploy/haproxy/', import.meta.url));

/** HAProxy with the repository's recipe. */
export async function startHaproxy(place: GatewayPlace): Promise<Gateway> {
  const { folder, remove } = await createFolder();
  const port = await findFreePort();
  await cp(RECIPE, folder, { recursive: true });
  const config = join(folder, 'haproxy.cfg');
  await writeFile(config, renderPorts(await readFile(config, 'utf8'), port, place));
  const stop = await startChild({
    command: place.binary,
    args: ['-db', '-f', config],
    folder,
    port,
    env: { TOLLGATE_GATEWAY_TOKEN: place.token },
  });
  return {
    port,
    async stop() {
      await stop();
      await remove();
    },
  };
}
