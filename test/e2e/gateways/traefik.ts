import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ask, poll } from '../envoy.ts';
import { findFreePort } from '../free-port.ts';
import { createFolder, startChild } from './child.ts';
import type { Gateway, GatewayPlace } from './gateway.ts';
import { renderPorts } from './render-ports.ts';

const RECIPE = new URL('../../../deploy/traefik/', import.meta.url);

const NO_ROUTE = 404;

/** Traefik with the repository's recipe. */
export async function startTraefik(place: GatewayPlace): Promise<Gateway> {
  const { folder, remove } = await createFolder();
  const port = await findFreePort();
  const files = ['traefik.yaml', 'routes.yaml'];
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, RECIPE), 'utf8')));
  const [own = '', routes = ''] = renderPorts(texts.join('\0'), port, place).split('\0');
  await writeFile(join(folder, 'traefik.yaml'), own);
  await writeFile(join(folder, 'routes.yaml'), routes);
  const stop = await startChild({
    command: place.binary,
    args: ['--configfile=traefik.yaml'],
    folder,
    port,
    env: { TOLLGATE_GATEWAY_TOKEN: place.token, HOME: folder },
  });
  // It listens before it has read its routes.
  await poll(
    () => ask(`http://127.0.0.1:${port}`, {}),
    ({ status }) => status !== NO_ROUTE,
  );
  return {
    port,
    async stop() {
      await stop();
      await remove();
    },
  };
}
