import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A peer's program, made from the sources in `peers/`. */
export interface PeerBuild {
  readonly tool: 'go' | 'cargo';
  readonly folder: string;
  readonly binary: string;
  /** Packages whose versions tell what was measured. */
  readonly made: readonly string[];
  /** Another program that it runs. */
  readonly needs?: string;
}

const CACHE = join(process.env['TOLLGATE_CACHE'] ?? join(homedir(), '.cache/tollgate'), 'peers');
const PEERS = fileURLToPath(new URL('peers/', import.meta.url));
const BUILD_MS_MAX = 1_800_000;

/** Path of the program; undefined where what it takes to build or to run it is not installed. */
export function buildPeer({ tool, folder, binary, needs }: PeerBuild): string | undefined {
  const tools = [tool, ...(needs === undefined ? [] : [needs])];
  if (tools.some((name) => spawnSync(name, ['--version']).error !== undefined)) return undefined;
  const options = { cwd: join(PEERS, folder), stdio: 'inherit', timeout: BUILD_MS_MAX } as const;
  mkdirSync(CACHE, { recursive: true });
  if (tool === 'go') {
    execFileSync('go', ['build', '-o', join(CACHE, binary), '.'], options);
    return join(CACHE, binary);
  }
  execFileSync('cargo', ['build', '--release', '--locked', '--target-dir', join(CACHE, 'rust')], options);
  return join(CACHE, 'rust/release', binary);
}

/** Names and versions, as the lock has them: `tonic 0.14.2`. */
export function versionsOf({ tool, folder, made, needs }: PeerBuild): readonly string[] {
  const lock = readFileSync(join(PEERS, folder, tool === 'go' ? 'go.mod' : 'Cargo.lock'), 'utf8');
  const found = made.map((name) => `${name.split('/').at(-1)} ${versionIn(lock, name)}`);
  return needs === undefined ? found : [...found, toolVersion(needs)];
}

function versionIn(lock: string, name: string): string {
  const escaped = name.replaceAll(/[.\\/]/g, String.raw`\$&`);
  const [, inGo, inCargo] =
    new RegExp(`^\\s*(?:require )?${escaped} v(\\S+)|^name = "${escaped}"\nversion = "(.*)"`, 'm').exec(
      lock,
    ) ?? [];
  const version = inGo ?? inCargo;
  if (version === undefined) throw new Error(`no version of ${name} in the lock`);
  return version;
}

/** The first words that name a version in what a program says of itself. */
export function toolVersion(tool: string): string {
  const args = tool === 'go' ? ['version'] : ['--version'];
  const told = execFileSync(tool, args, { encoding: 'utf8' });
  const version = /\d+\.\d+(\.\d+)?/.exec(told)?.[0] ?? 'of unknown version';
  return `${tool} ${version}`;
}
