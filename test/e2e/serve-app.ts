import { randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import { createClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { testRandomBytes } from '../world.ts';

const APIS = fileURLToPath(new URL('../../config/apis/', import.meta.url));
/** A machine that is busy with other tests must not turn a check into an outage. */
const BUDGET = '10s';

export interface ServedApp extends App {
  /** `127.0.0.1:9000` or `unix:/path`. */
  readonly address: string;
  readonly databasePath: string;
  /** All that was logged. */
  readonly log: () => string;
}

export interface ServedPlace {
  /** Where the files of this server may lie, in a folder of their own. */
  readonly folder: string;
  /** What stands under `check:`; in the flow style of YAML, which is JSON. */
  readonly check?: Readonly<Record<string, unknown>>;
}

/** Tollgate on its three threads with the five documented APIs and an empty store, on a configuration file of its own. */
export async function serveApp({ folder, check = {} }: ServedPlace): Promise<ServedApp> {
  const own = await mkdtemp(join(folder, 'server-'));
  const config = join(own, 'tollgate.yaml');
  const databasePath = join(own, 'tollgate.db');
  const off = { listen: 'off' };
  const sections = {
    check: { budget: BUDGET, ...check, grpc: { listen: '127.0.0.1:0', ...asSection(check['grpc']) } },
    public: off,
    admin: off,
    telemetry: off,
    store: { url: `sqlite:${databasePath}` },
    apis: ['truedy', 'clary', 'trackyard', 'autype', 'freddy'].map((name) => join(APIS, `${name}.yaml`)),
  };
  await writeFile(config, JSON.stringify(sections));
  let written = '';
  const app = await startApp({
    config,
    sets: [],
    carrier: 'thread',
    world: {
      clock: createClock(),
      randomBytes: testRandomBytes,
      newRequestId: () => randomUUID(),
      env: {},
      log: createLog({ level: 'info', write: (line) => (written += line) }),
    },
  });
  return { ...app, address: app.addresses.checkGrpc, databasePath, log: () => written };
}

function asSection(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
