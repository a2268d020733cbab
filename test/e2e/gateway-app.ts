import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HttpDialect } from '../../src/domain/request.ts';
import { startCaseApp } from '../cases/app.ts';
import type { CaseApp } from '../cases/app.ts';
import { TABLE_START_MS } from '../cases/case-world.ts';
import { CLERK_PEM } from '../cases/tokens.ts';

const APIS = fileURLToPath(new URL('../../config/apis/', import.meta.url));

/** What the gateways of these tests show. */
export const GATEWAY_TOKEN = 'gateway-token-of-the-tests-0123456789abcdef';

export interface GatewayApp extends CaseApp {
  /** Where a gateway of this dialect asks. */
  readonly port: number;
  /** Of Tollgate's own endpoints. */
  readonly publicPort: number;
}

/** A Tollgate with the five documented APIs that a gateway asks over HTTP, on a clock that only the test moves. */
export async function startGatewayApp(dialect: HttpDialect): Promise<GatewayApp> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-gateway-'));
  const config = join(folder, 'tollgate.yaml');
  const sections = {
    check: { http: [{ listen: '127.0.0.1:0', dialect, token: '${GATEWAY_TOKEN}' }] },
    apis: ['truedy', 'clary', 'trackyard', 'autype', 'freddy'].map((name) => join(APIS, `${name}.yaml`)),
  };
  await writeFile(config, JSON.stringify(sections));
  const started = await startCaseApp(config, TABLE_START_MS, { GATEWAY_TOKEN, CLERK_PEM });
  const [entrance] = started.app.addresses.checkHttp;
  return {
    ...started,
    port: Number(entrance?.address.split(':').at(-1)),
    publicPort: Number(started.app.addresses.public?.split(':').at(-1)),
    async stop() {
      await started.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
