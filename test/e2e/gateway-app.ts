import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GatewayName } from '../../src/domain/request.ts';
import { publicAddressOf, startCaseApp } from '../cases/app.ts';
import type { CaseApp } from '../cases/app.ts';
import { TABLE_START_MS } from '../../src/cli/conformance/table/case-world.ts';
import { CLERK_PEM } from '../../src/cli/conformance/table/tokens.ts';

const APIS = fileURLToPath(new URL('../../config/apis/', import.meta.url));

/** What the gateways of these tests show. */
export const GATEWAY_TOKEN = 'gateway-token-of-the-tests-0123456789abcdef';

export interface GatewayApp extends CaseApp {
  /** Where a gateway of this dialect asks. */
  readonly port: number;
  /** Of Tollgate's own endpoints. */
  readonly publicPort: number;
  readonly publicAddress: string;
}

export interface GatewayDoor {
  /** Absent: a free port of 127.0.0.1. */
  readonly listen?: string;
  /** What a gateway must show there; absent: `GATEWAY_TOKEN`. */
  readonly token?: string;
}

/** A Tollgate with the five documented APIs that a gateway asks, on a clock that only the test moves. */
export async function startGatewayApp(dialect: GatewayName, door: GatewayDoor = {}): Promise<GatewayApp> {
  const { listen = '127.0.0.1:0', token = GATEWAY_TOKEN } = door;
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-gateway-'));
  const config = join(folder, 'tollgate.yaml');
  const overGrpc = dialect === 'envoy-grpc';
  const sections = {
    check: overGrpc ? {} : { http: [{ listen, dialect, token: '${GATEWAY_TOKEN}' }] },
    apis: ['truedy', 'clary', 'trackyard', 'autype', 'freddy'].map((name) => join(APIS, `${name}.yaml`)),
  };
  await writeFile(config, JSON.stringify(sections));
  const started = await startCaseApp(config, TABLE_START_MS, { GATEWAY_TOKEN: token, CLERK_PEM });
  const { checkGrpc, checkHttp } = started.app.addresses;
  const address = overGrpc ? checkGrpc : checkHttp[0]?.address;
  const publicAddress = publicAddressOf(started.app);
  return {
    ...started,
    port: Number(address?.split(':').at(-1)),
    publicPort: Number(publicAddress.split(':').at(-1)),
    publicAddress,
    async stop() {
      await started.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
