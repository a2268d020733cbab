import { requirePart } from '../../parts.ts';
import { startRecipe } from '../envoy.ts';
import { testAttacks } from './attacks.ts';
import type { Gateway, GatewayPlace } from './gateway.ts';
import { testOutages } from './outages.ts';
import type { TableRun } from './table.ts';

/** The cases go through it in `../cases.test.ts`, over both transports. */
const run: TableRun = {
  name: 'envoy',
  dialect: 'envoy-grpc',
  part: await requirePart('envoy'),
  start: startEnvoyGrpc,
};

testAttacks(run);
testOutages(run);

/** Envoy with the repository's recipe for asking over gRPC. */
async function startEnvoyGrpc({ token, ...place }: GatewayPlace): Promise<Gateway> {
  const envoy = await startRecipe({ ...place, env: { TOLLGATE_GATEWAY_TOKEN: token } });
  return { port: Number(new URL(envoy.baseUrl).port), stop: () => envoy.stop() };
}
