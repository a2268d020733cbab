import { readFile } from 'node:fs/promises';
import { startEnvoy } from '../../../src/cli/envoy-process.ts';
import type { Gateway, GatewayPlace } from './gateway.ts';

const RECIPE = new URL('../../../deploy/envoy-http.yaml', import.meta.url);

/** Envoy with the repository's recipe for asking over HTTP. */
export async function startEnvoyHttp({ binary, token, ...ports }: GatewayPlace): Promise<Gateway> {
  const envoy = await startEnvoy({
    binary,
    recipe: await readFile(RECIPE, 'utf8'),
    ports: {
      listen: 0,
      admin: 0,
      authz: ports.authzPort,
      app: ports.appPort,
      public: ports.publicPort,
    },
    env: { TOLLGATE_GATEWAY_TOKEN: token },
  });
  return { port: Number(new URL(envoy.baseUrl).port), stop: () => envoy.stop() };
}
