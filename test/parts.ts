import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ENVOY_INSTALL, findEnvoy } from '../src/cli/envoy-process.ts';

/** A component that a test needs and a machine may lack. */
export type Part = { readonly found: string } | { readonly missing: string };

/** Where what is not in a package of the system is installed. */
const CACHE = process.env['TOLLGATE_CACHE'] ?? join(homedir(), '.cache', 'tollgate');

const PARTS = {
  envoy: { find: () => findEnvoy(process.env), install: ENVOY_INSTALL },
  openssl: { find: findOpenssl, install: 'apt-get install openssl' },
  nginx: { find: () => findProgram('nginx', '-v'), install: 'apt-get install nginx' },
  caddy: { find: () => findProgram('caddy', 'version'), install: 'apt-get install caddy' },
  traefik: {
    find: () => findExecutable(process.env['TRAEFIK_BIN']),
    install:
      'go build ./cmd/traefik in a copy of the module github.com/traefik/traefik/v3 3.6.12, and TRAEFIK_BIN set to what it made',
  },
  haproxy: { find: () => findProgram('haproxy', '-v'), install: 'apt-get install haproxy' },
  nginx_lua: {
    find: findNginxLua,
    install: 'apt-get install nginx libnginx-mod-http-lua lua-cjson lua-resty-core',
  },
  kong: {
    find: () => findExecutable(process.env['KONG_BIN']),
    install: 'a package of Kong 3, and KONG_BIN set to the path of its kong',
  },
  h2spec: {
    find: () => findExecutable(join(CACHE, 'h2spec', 'h2spec')),
    install:
      'GOBIN="${TOLLGATE_CACHE:-$HOME/.cache/tollgate}/h2spec" go install github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible',
  },
  grpc_go: {
    find: () => findExecutable(join(CACHE, 'grpc-go', 'client')),
    install:
      'go build -C test/e2e/grpc-clients/go -o "${TOLLGATE_CACHE:-$HOME/.cache/tollgate}/grpc-go/client" .',
  },
  grpcio: {
    find: findGrpcio,
    install:
      'python3 -m pip install --target "${TOLLGATE_CACHE:-$HOME/.cache/tollgate}/grpcio" grpcio==1.85.1 grpcio-health-checking==1.85.1 xds-protos==1.85.0',
  },
  prometheus: { find: () => findProgram('prometheus', '--version'), install: 'apt-get install prometheus' },
  systemd: { find: () => findProgram('systemd-analyze', '--version'), install: 'apt-get install systemd' },
  kustomize: {
    find: findKustomize,
    install:
      'GOBIN="${TOLLGATE_CACHE:-$HOME/.cache/tollgate}/kustomize" go install sigs.k8s.io/kustomize/kustomize/v5@v5.5.0',
  },
  tmpfs: { find: findTmpfs, install: 'sysctl kernel.unprivileged_userns_clone=1' },
  prlimit: { find: findPrlimit, install: 'apt-get install util-linux' },
  authlib: {
    find: findAuthlib,
    install:
      'python3 -m pip install --target "${TOLLGATE_CACHE:-$HOME/.cache/tollgate}/authlib" authlib==1.9.9 joserfc==1.8.0 requests==2.34.2',
  },
} as const;

/**
 * Where the component is, or one line that says how to get it. Use it as
 * `describe.skipIf('missing' in part)(partTitle('recipe', part), …)`: a skip then names its cure.
 */
export async function requirePart(name: keyof typeof PARTS): Promise<Part> {
  const { find, install } = PARTS[name];
  const found = await find();
  return found === undefined ? { missing: `no ${name} here, install it with: ${install}` } : { found };
}

export function partTitle(title: string, part: Part): string {
  return 'missing' in part ? `${title} (${part.missing})` : title;
}

/** Version 3 is the first whose `req` signs with an authority. */
async function findOpenssl(): Promise<string | undefined> {
  const told = await promisify(execFile)('openssl', ['version']).catch(() => undefined);
  return told !== undefined && /^OpenSSL [3-9]/.test(told.stdout) ? 'openssl' : undefined;
}

async function findPrlimit(): Promise<string | undefined> {
  const told = await promisify(execFile)('prlimit', ['--version']).catch(() => undefined);
  return told === undefined ? undefined : 'prlimit';
}

/** Its own program, or the one within kubectl. */
async function findKustomize(): Promise<string | undefined> {
  const own = await findExecutable(join(CACHE, 'kustomize', 'kustomize'));
  return own ?? (await findProgram('kubectl', 'kustomize', '--help'));
}

/** `PATH` of a user need not hold what Debian puts into `/usr/sbin`. */
async function findProgram(name: string, ...harmless: readonly string[]): Promise<string | undefined> {
  for (const candidate of [name, `/usr/sbin/${name}`]) {
    const told = await promisify(execFile)(candidate, harmless).catch(() => undefined);
    if (told !== undefined) return candidate;
  }
  return undefined;
}

/** Where Debian puts what nginx can load. */
export const NGINX_MODULES = '/usr/lib/nginx/modules';

async function findNginxLua(): Promise<string | undefined> {
  const told = await promisify(execFile)('nginx', ['-v']).catch(() => undefined);
  const needed = [`${NGINX_MODULES}/ngx_http_lua_module.so`, `${NGINX_MODULES}/ndk_http_module.so`];
  const found = await Promise.all(needed.map((file) => access(file).then(isTrue, isFalse)));
  return told !== undefined && found.every(Boolean) ? 'nginx' : undefined;
}

async function findExecutable(binary: string | undefined): Promise<string | undefined> {
  if (binary === undefined || binary === '') return undefined;
  return (await access(binary, constants.X_OK).then(isTrue, isFalse)) ? binary : undefined;
}

const isTrue = (): boolean => true;
const isFalse = (): boolean => false;

/** The folder with Authlib and what it needs. */
function findAuthlib(): Promise<string | undefined> {
  return findPythonFolder('authlib', 'import authlib, requests, joserfc');
}

/** The folder with Python's gRPC, its health checks and Envoy's messages. */
function findGrpcio(): Promise<string | undefined> {
  return findPythonFolder(
    'grpcio',
    'import grpc, grpc_health.v1.health_pb2_grpc, envoy.service.auth.v3.external_auth_pb2_grpc',
  );
}

async function findPythonFolder(name: string, imports: string): Promise<string | undefined> {
  const folder = join(CACHE, name);
  const options = { env: { ...process.env, PYTHONPATH: folder } };
  const loaded = await promisify(execFile)('python3', ['-c', imports], options).catch(() => undefined);
  return loaded === undefined ? undefined : folder;
}

/** A file system of a test's own, which nobody else sees. */
async function findTmpfs(): Promise<string | undefined> {
  const mount = ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'];
  return promisify(execFile)('unshare', mount).then(
    () => 'unshare',
    () => undefined,
  );
}
