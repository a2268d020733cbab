import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../free-port.ts';
import { createFolder, startChild } from './child.ts';
import type { Gateway, GatewayPlace } from './gateway.ts';
import { renderPorts } from './render-ports.ts';

const RECIPE = fileURLToPath(new URL('../../../deploy/nginx/', import.meta.url));

/** NGINX with the repository's recipe. */
export async function startNginx(place: GatewayPlace): Promise<Gateway> {
  const { folder, remove } = await createFolder();
  const port = await findFreePort();
  await cp(RECIPE, folder, { recursive: true });
  const main = join(folder, 'nginx.conf');
  await writeFile(main, renderPorts(await readFile(main, 'utf8'), port, place));
  await writeFile(
    join(folder, 'tollgate-token.conf'),
    `map '' $tollgate_token { default '${place.token}'; }\n`,
  );
  const args = ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr', '-g', 'daemon off; master_process off;'];
  const stop = await startChild({ command: place.binary, args, folder, port });
  return {
    port,
    async stop() {
      await stop();
      await remove();
    },
  };
}
