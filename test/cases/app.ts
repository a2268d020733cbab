import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import { createTestClock, createTestRequestIds, testRandomBytes } from '../world.ts';
import type { TestClock, TestRequestIds } from '../world.ts';
import { CLERK_PEM } from '../../src/cli/conformance/table/tokens.ts';

/** The repository's own configuration: five documented APIs. */
export const DOCUMENTED = fileURLToPath(new URL('../../config/tollgate.yaml', import.meta.url));
/** One API that uses what the five leave unused. */
export const WORKSHOP = fileURLToPath(new URL('workshop/config/tollgate.yaml', import.meta.url));

/** What the workshop's files take from the environment: the key is the published example of GitHub's format, no secret of anybody. */
export const ENV = {
  WORKSHOP_PEPPER: 'd29ya3Nob3Agd29ya3Nob3Agd29ya3Nob3Agd29ya3Nob3A=',
  WORKSHOP_DOOR_KEY: 'ws_qkJaB6MffYVzZXWqmcoF49yrUxP3wf0LsakP',
  CLERK_PEM,
};

/** Where an app answers on its APIs' own endpoints. */
export function publicAddressOf(app: App): string {
  return app.addresses.public ?? '';
}

/** A Tollgate on an empty store and a clock that only the test moves. */
export interface CaseApp {
  readonly app: App;
  readonly clock: TestClock;
  readonly requestIds: TestRequestIds;
  /** What was logged at ERROR: a bug or an outage, neither of which a case may cause. */
  readonly errors: readonly string[];
  /** All that was logged, whatever its level, with its fields. */
  readonly logged: readonly string[];
  /** Where its database lies. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** `env` is all that the configuration can name; `sets` are values in place of what it says. */
export async function startCaseApp(
  config: string,
  startMs: number,
  env: Readonly<Record<string, string>> = ENV,
  sets: readonly string[] = [],
): Promise<CaseApp> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-cases-'));
  const clock = createTestClock(startMs);
  const requestIds = createTestRequestIds();
  const errors: string[] = [];
  const logged: string[] = [];
  const write = (message: string, fields: object = {}): void =>
    void logged.push(`${message} ${JSON.stringify(fields)}`);
  const error = (message: string, fields: object = {}): void => {
    errors.push(message);
    write(message, fields);
  };
  const log = { error, warn: write, info: write, debug: write };
  const app = await startApp({
    config,
    sets: [
      `store.url=sqlite:${join(folder, 'tollgate.db')}`,
      'check.grpc.listen=127.0.0.1:0',
      'telemetry.listen=off',
      'public.listen=127.0.0.1:0',
      'admin.listen=off',
      ...sets,
    ],
    carrier: 'direct',
    world: { clock, newRequestId: requestIds.next, randomBytes: testRandomBytes, env, log },
  });
  return {
    app,
    clock,
    requestIds,
    errors,
    logged,
    folder,
    async stop() {
      await app.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
