import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { cpuMicrosOf } from '../measure.ts';

/*
 * Which processes serve a port, and what CPU they take. A gateway is found by its port and not by its parent, because some leave
 * theirs (`kong start` returns) and some have workers. Linux only.
 */

const TCP_TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
/** The state of a socket that listens, and where a line of the table has what is read here (proc_net_tcp(5)). */
const LISTENING = '0A';
const FIELDS = { local: 1, state: 3, inode: 9 } as const;

/** Those that listen on a port of this machine, and all their descendants. Throws where nobody listens. */
export function processesOf(port: number): readonly number[] {
  const sockets = new Set(TCP_TABLES.flatMap((table) => listeningInodes(readOr(table, ''), port)));
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const listening = all.filter((pid) => openSockets(pid).some((inode) => sockets.has(inode)));
  if (listening.length === 0) throw new Error(`nobody listens on port ${port}`);
  const parents = new Map(all.map((pid) => [Number(pid), parentIn(readOr(`/proc/${pid}/stat`, ''))]));
  return withDescendants(listening.map(Number), parents);
}

/** Of the sockets that listen on a port, by the text of `/proc/net/tcp`. */
export function listeningInodes(table: string, port: number): readonly string[] {
  const lines = table.split('\n').map((line) => line.trim().split(/\s+/));
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return lines
    .filter((fields) => fields[FIELDS.state] === LISTENING && fields[FIELDS.local]?.endsWith(suffix))
    .flatMap((fields) => fields[FIELDS.inode] ?? []);
}

/** The parent, by the text of `/proc/<pid>/stat`; NaN where there is none to read. */
export function parentIn(stat: string): number {
  // The second field, the command, is in parentheses and may hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[1] ?? Number.NaN);
}

/** The roots and all that came of them, by everybody's parent, in ascending order. */
export function withDescendants(
  roots: readonly number[],
  parents: ReadonlyMap<number, number>,
): readonly number[] {
  const found = new Set(roots);
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found].sort((a, b) => a - b);
}

/** CPU time by process, user and system, in microseconds since each began. */
export type CpuMicros = ReadonlyMap<number, number>;

/** All that serve a port, with what they have taken. */
export function readCpuBehind(port: number): CpuMicros {
  return new Map(processesOf(port).map((pid) => [pid, cpuMicrosOf(pid)]));
}

/**
 * What all of them took for each of so many requests, in microseconds.
 * Throws where one came or went in between: what it took is in no difference.
 */
export function microsEach(before: CpuMicros, after: CpuMicros, requests: number): number {
  const [old, now] = [before, after].map((each) => [...each.keys()].join(' '));
  if (old !== now) throw new Error(`processes changed while they were measured: ${old}, then ${now}`);
  const total = (each: CpuMicros): number => each.values().reduce((sum, micros) => sum + micros, 0);
  return (total(after) - total(before)) / requests;
}

/** Of a process's open files; none where it is gone or another user's. */
function openSockets(pid: string): readonly string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((file) => inodeIn(linkOr(`${folder}/${file}`, '')));
  } catch {
    return [];
  }
}

function inodeIn(link: string): readonly string[] {
  const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
  return inode === undefined ? [] : [inode];
}

/** Processes and their files may go while they are read. */
function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return otherwise;
  }
}

function linkOr(path: string, otherwise: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return otherwise;
  }
}
