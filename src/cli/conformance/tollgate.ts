import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { App } from '../../app.ts';
import type { Clock } from '../../ports.ts';
import type { CliWorld } from '../world.ts';
import type { Plan } from './plan.ts';
import { CLERK_PEM } from './table/tokens.ts';

export interface TollgateOptions {
  readonly world: Pick<CliWorld, 'program'>;
  readonly plan: Pick<Plan, 'entrance' | 'listen' | 'public'>;
  /** What the gateway must show; undefined: nothing. */
  readonly token: string | undefined;
  readonly clock: Clock;
  readonly newRequestId: () => string;
  /** Made for this Tollgate alone: its configuration, its database, its sockets. */
  readonly folder: string;
  readonly onDecided: (code: string) => void;
  readonly onLog: (line: string) => void;
  /** Told of what was logged at ERROR: an outage or a bug of this Tollgate's own. */
  readonly onError: (message: string) => void;
}

const APIS = fileURLToPath(new URL('../../../config/apis/', import.meta.url));
const API_NAMES = ['truedy', 'clary', 'trackyard', 'autype', 'freddy'];
const TOKEN_VARIABLE = 'GATEWAY_TOKEN';
const SHOWN = '${GATEWAY_TOKEN}';

/** A Tollgate with the documented APIs on an empty store, which gets nothing of this process's environment. */
export async function startTollgate(options: TollgateOptions): Promise<App> {
  const { world, token, clock, newRequestId, folder, onDecided } = options;
  await mkdir(folder, { mode: 0o700 });
  const config = join(folder, 'tollgate.yaml');
  await writeFile(config, JSON.stringify(toSections(options)), { mode: 0o600 });
  const write = (message: string, fields: object = {}): void =>
    options.onLog(`${message} ${JSON.stringify(fields)}`);
  return world.program.rehearse({
    config,
    sets: [],
    clock,
    newRequestId,
    onDecided,
    env: { CLERK_PEM, ...(token === undefined ? {} : { [TOKEN_VARIABLE]: token }) },
    log: { error: (message) => options.onError(message), warn: write, info: write, debug: write },
  });
}

/** In the flow style of YAML, which is JSON. */
function toSections({ plan, token, folder }: TollgateOptions): object {
  const { entrance, listen } = plan;
  const shown = token === undefined ? {} : { token: SHOWN };
  const overGrpc = entrance === 'envoy-grpc';
  return {
    check: {
      grpc: { listen: overGrpc ? listen : `unix:${join(folder, 'check')}` },
      ...(overGrpc ? {} : { http: [{ listen, dialect: entrance, ...shown }] }),
    },
    public: { listen: plan.public ?? `unix:${join(folder, 'public')}`, ...shown },
    admin: { listen: 'off' },
    telemetry: { listen: 'off' },
    store: { url: `sqlite:${join(folder, 'tollgate.db')}` },
    apis: API_NAMES.map((name) => join(APIS, `${name}.yaml`)),
  };
}
