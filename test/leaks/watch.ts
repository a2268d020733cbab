import childProcess from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join, relative, sep } from 'node:path';
import { findSecrets } from './search.ts';
import type { Mark } from './search.ts';

/*
 * Sees what the tests of one file leave where others may read it: files in temporary folders before they are removed, what
 * servers write, telemetry's pages, logs and consoles. The tests need not know of it.
 */

export interface Watch {
  /** Something that anybody may see. */
  saw(where: string, text: string): void;
  /** Searches what was seen since the last call; answers each leak by its place, those in folders that were removed meanwhile among them. */
  takeLeaks(): readonly string[];
  /** The same, and searches the folders that are still there. */
  takeLastLeaks(): readonly string[];
}

/** Where secrets of a development server lie, alone. */
const SECRET_FILE = /^(?:pepper|sealing-key)[\w.-]*$/;
const SECRET_BYTES_MIN = 32;
/** What a process is given its secrets by: how they are written there, and whether files may hold them, as a gateway's own hold its token. */
const SECRET_VARIABLES = [
  { name: 'TOLLGATE_PEPPER', encoding: 'base64', allowed: 'nowhere' },
  { name: 'TOLLGATE_SEALING_KEY', encoding: 'base64', allowed: 'nowhere' },
  { name: 'TOLLGATE_GATEWAY_TOKEN', encoding: 'utf8', allowed: 'in files' },
] as const;
const TELEMETRY_PATHS: ReadonlySet<string> = new Set(['/metrics', '/readyz', '/healthz']);
/** Of what is longer the end is searched. */
const SEEN_CHARS_MAX = 32 * 2 ** 20;
const READ_ATTEMPTS_MAX = 10;
/** Larger files are left out. */
const FILE_BYTES_MAX = 256 * 2 ** 20;

export function createWatch(): Watch {
  const folders = new Set<string>();
  const marks = new Map<string, PlacedMark>();
  const seen = new Map<string, string>();
  const leaks = new Set<string>();

  const mark: AddMark = (placed) => {
    if (placed.secret.length >= SECRET_BYTES_MIN) marks.set(placed.secret.toString('hex'), placed);
  };
  const judge = (where: string, bytes: Buffer, against: readonly Mark[]): void => {
    for (const what of findSecrets(bytes, against)) leaks.add(`${where}: ${what}`);
  };
  const markIn = (folder: string): void => {
    for (const path of listFiles(folder)) markFile(path, mark);
  };
  const searchFolder = (folder: string): void => {
    markIn(folder);
    const against = [...marks.values()].filter(({ allowed }) => allowed === 'nowhere');
    for (const path of listFiles(folder)) {
      if (!isSecretFile(path)) judge(join('…', relative(tmpdir(), path)), readFile(path), against);
    }
  };
  const saw = (where: string, text: string): void => {
    seen.set(where, ((seen.get(where) ?? '') + text).slice(-SEEN_CHARS_MAX));
  };
  patchFolders({
    made: (folder) => void folders.add(folder),
    removing: (path) => {
      if (![...folders].some((folder) => path === folder || path.startsWith(folder + sep))) return;
      searchFolder(path);
      folders.delete(path);
    },
  });
  patchProcesses({ saw, mark });
  patchPages(saw);
  patchConsole(saw);
  syncBuiltinESMExports();
  const takeLeaks = (): readonly string[] => {
    for (const folder of folders) markIn(folder);
    for (const [where, text] of seen) judge(where, Buffer.from(text), [...marks.values()]);
    seen.clear();
    const taken = [...leaks];
    leaks.clear();
    return taken;
  };
  return {
    saw,
    takeLeaks,
    takeLastLeaks() {
      for (const folder of folders) searchFolder(folder);
      return takeLeaks();
    },
  };
}

interface PlacedMark extends Mark {
  readonly allowed: 'nowhere' | 'in files';
}

type AddMark = (mark: PlacedMark) => void;
type Saw = Watch['saw'];

function isSecretFile(path: string): boolean {
  return SECRET_FILE.test(basename(path));
}

function markFile(path: string, mark: AddMark): void {
  if (!isSecretFile(path)) return;
  const secret = Buffer.from(readFile(path).toString('latin1').trim(), 'base64');
  mark({ name: `the secret of a file ${basename(path)}`, secret, allowed: 'nowhere' });
}

/** Empty where it is no file, or a server has removed it meanwhile. */
function readFile(path: string): Buffer {
  try {
    const stat = fs.statSync(path);
    return stat.isFile() && stat.size <= FILE_BYTES_MAX ? fs.readFileSync(path) : Buffer.alloc(0);
  } catch {
    return Buffer.alloc(0);
  }
}

/** A clone of a repository holds what everybody may read, its tests' own keys among it. */
function listFiles(folder: string): readonly string[] {
  if (!fs.existsSync(folder)) return [];
  if (!fs.statSync(folder).isDirectory()) return [folder];
  const entries = readFolder(folder);
  const clones = entries.filter(({ name }) => name === '.git').map(({ parentPath }) => parentPath);
  return entries
    .filter(
      (entry) =>
        entry.isFile() && !clones.some((clone) => `${entry.parentPath}${sep}`.startsWith(clone + sep)),
    )
    .map((entry) => join(entry.parentPath, entry.name));
}

/** A folder in it that goes while it is read makes the whole reading fail: it is begun again. */
function readFolder(folder: string): readonly fs.Dirent[] {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return fs.readdirSync(folder, { recursive: true, withFileTypes: true });
    } catch (error) {
      if (attempt === READ_ATTEMPTS_MAX) throw error;
    }
  }
}

interface FolderEvents {
  readonly made: (folder: string) => void;
  readonly removing: (path: string) => void;
}

function patchFolders({ made, removing }: FolderEvents): void {
  const { mkdtempSync, rmSync } = fs;
  const { mkdtemp, rm } = promises;
  const note = (folder: unknown): void => {
    if (typeof folder === 'string' && folder.startsWith(tmpdir() + sep)) made(folder);
  };
  wrap(fs, 'mkdtempSync', (...args: Parameters<typeof mkdtempSync>) => {
    const folder = mkdtempSync(...args);
    note(folder);
    return folder;
  });
  wrap(promises, 'mkdtemp', async (...args: Parameters<typeof mkdtemp>) => {
    const folder = await mkdtemp(...args);
    note(folder);
    return folder;
  });
  wrap(fs, 'rmSync', (...args: Parameters<typeof rmSync>) => {
    removing(String(args[0]));
    rmSync(...args);
  });
  wrap(promises, 'rm', (...args: Parameters<typeof rm>) => {
    removing(String(args[0]));
    return rm(...args);
  });
}

function patchProcesses({ saw, mark }: { readonly saw: Saw; readonly mark: AddMark }): void {
  const { spawn } = childProcess;
  wrap(childProcess, 'spawn', (...args: unknown[]) => {
    const child = Reflect.apply(spawn, childProcess, args) as ChildProcess;
    const [command, words] = args;
    const options = args.find((each): each is childProcess.SpawnOptions => isRecord(each));
    for (const { name, encoding, allowed } of SECRET_VARIABLES) {
      const secret = Buffer.from(options?.env?.[name] ?? '', encoding);
      mark({ name: `the value of ${name}`, secret, allowed });
    }
    const where = nameOf(command, words);
    child.stderr?.on('data', (chunk) => saw(`stderr of ${where}`, String(chunk)));
    // A command may show a key, once, to whoever made it; a server may not.
    if (Array.isArray(words) && words.includes('serve')) {
      child.stdout?.on('data', (chunk) => saw(`stdout of ${where}`, String(chunk)));
    }
    return child;
  });
}

/** Its subcommands; other words may be secrets. */
function nameOf(command: unknown, words: unknown): string {
  const shown = Array.isArray(words) ? words.filter((word) => /^[a-z][a-z-]{0,20}$/.test(String(word))) : [];
  return [basename(String(command)), ...shown].join(' ');
}

function patchPages(saw: Saw): void {
  const { fetch } = globalThis;
  globalThis.fetch = async (...args) => {
    const response = await fetch(...args);
    const { pathname } = new URL(response.url);
    if (TELEMETRY_PATHS.has(pathname)) saw(pathname, await response.clone().text());
    return response;
  };
}

function patchConsole(saw: Saw): void {
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    const show = console[name].bind(console);
    console[name] = (...shown: unknown[]) => {
      saw(`console.${name}`, `${shown.map(String).join(' ')}\n`);
      show(...shown);
    };
  }
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = process[name];
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    wrap(stream, 'write', (...args: unknown[]) => {
      saw(`the tests' ${name}`, String(args[0]));
      return write(...args);
    });
  }
}

function wrap(target: object, name: string, instead: unknown): void {
  Reflect.set(target, name, instead);
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
