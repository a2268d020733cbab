import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node, Scalar, YAMLMap } from 'yaml';
import { formatPath } from './problems.ts';
import type { Fault, KeyPath, Problem } from './problems.ts';

/** One configuration file as it was written, so that every value can be traced to its line. */
export interface Source {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
  /** Keys and values that were not written in the file but given by `--set`. */
  readonly overrides: Set<unknown>;
  /** Values that came from the environment in part or whole. */
  readonly interpolated: Map<unknown, Interpolation>;
}

/** `default`: a default that is not empty stood in for a variable. */
export type Interpolation = 'environment' | 'default';

/** A configuration is read by people: a file beyond this is a mistake. */
const FILE_CHARS_MAX = 1_048_576;
/** What a message shows of a value. */
const FOUND_CHARS_MAX = 60;

/** Reads YAML 1.2 with text keys and without aliases; every value has one place. Returns all problems where it is anything else. */
export function parseSource(file: string, text: string): Source | readonly Problem[] {
  if (text.length > FILE_CHARS_MAX) {
    return [toFileProblem(file, `expected at most ${FILE_CHARS_MAX} characters`)];
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const source: Source = { file, document, lines, overrides: new Set(), interpolated: new Map() };
  const unreadable = [...document.errors, ...document.warnings].map(({ pos, message }): Problem => {
    const { line, column } = positionAt(source, pos[0]);
    return { file, line, column, key: '', message };
  });
  if (unreadable.length > 0) return unreadable;
  const unusable = findUnusable(document.contents).map((fault) => locate(source, fault));
  return unusable.length > 0 ? unusable : source;
}

/** A problem of a file as a whole. */
export function toFileProblem(file: string, message: string): Problem {
  return { file, line: 0, column: 0, key: '', message };
}

/** What YAML allows and a configuration does not. */
function findUnusable(root: Node | null): Fault[] {
  const faults: Fault[] = [];
  walk(root, (node, path) => {
    if (isAlias(node))
      faults.push({ path, message: 'aliases (*name) are not used here: write the value again' });
    else if (isNode(node) && node.tag !== undefined)
      faults.push({ path, message: 'tags (!name) are not used here' });
    if (path.at(-1) === '__proto__') faults.push({ path, message: 'not a name', atKey: true });
  });
  return faults;
}

/** Calls back for every value below a node, itself included, with its path. */
export function walk(node: unknown, visit: (node: unknown, path: KeyPath) => void, path: KeyPath = []): void {
  visit(node, path);
  if (isMap(node)) for (const { key, value } of node.items) walk(value, visit, [...path, keyText(key)]);
  if (isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, visit, [...path, index]);
}

/** The value at a path; undefined where the file has none. */
export function nodeAt(source: Source, path: KeyPath): unknown {
  return path.length === 0 ? source.document.contents : source.document.getIn(path, true);
}

/** The value at a path as it was written, so that a value from the environment shows its variable's name; undefined where there is no scalar. */
export function writtenAt(source: Source, path: KeyPath): string | undefined {
  const node = nodeAt(source, path);
  return isScalar(node) ? writtenText(node) : undefined;
}

function writtenText(node: Scalar): string {
  return node.source ?? String(node.value);
}

/** Names the place of a fault: its value, its key, or the deepest key above it that the file has. */
export function locate(source: Source, fault: Fault): Problem {
  const { file, position } = placeOf(source, fault);
  const meant = hideInterpolated(source, fault);
  const message = fault.showFound ? `${describeFound(source, fault.path)}; ${meant}` : meant;
  return { file, ...position, key: formatPath(fault.path), message };
}

/** Shorter values are no secrets, and would be found inside words. */
const HIDDEN_CHARS_MIN = 8;

/** A message may speak of the value at its path: one from the environment is named as it was written. */
function hideInterpolated(source: Source, { path, message }: Fault): string {
  const node = nodeAt(source, path);
  if (!isScalar(node) || !source.interpolated.has(node)) return message;
  const { value } = node;
  if (typeof value !== 'string' || value.length < HIDDEN_CHARS_MIN) return message;
  return message.replaceAll(value, () => writtenText(node));
}

function placeOf(source: Source, { path, atKey }: Fault): { file: string; position: Position } {
  let node: unknown = source.document.contents;
  let place: unknown = node;
  for (const [depth, step] of path.entries()) {
    const child = childOf(node, step);
    if (child === undefined) break;
    const isLast = depth === path.length - 1;
    place = isLast && !atKey && isWritten(child.value) ? child.value : (child.key ?? child.value);
    node = child.value;
    if (source.overrides.has(node) || source.overrides.has(place))
      return { file: SET_OPTION, position: NOWHERE };
  }
  return { file: source.file, position: positionAt(source, startOf(place)) };
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** What stands for the file of a value that was given on the command line. */
export const SET_OPTION = '--set';

const NOWHERE: Position = { line: 0, column: 0 };

function positionAt({ lines }: Source, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function childOf(node: unknown, step: string | number): { key?: unknown; value: unknown } | undefined {
  if (isMap(node)) return findPair(node, String(step));
  if (!isSeq(node) || typeof step !== 'number') return undefined;
  return step < node.items.length ? { value: node.items[step] } : undefined;
}

export function findPair(map: YAMLMap, name: string): YAMLMap['items'][number] | undefined {
  return map.items.find(({ key }) => keyText(key) === name);
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

/** An empty value has a place behind its key, which nobody looks for. */
function isWritten(node: unknown): boolean {
  return !isScalar(node) || writtenText(node) !== '';
}

function startOf(node: unknown): number {
  if (node === null || typeof node !== 'object' || !('range' in node) || !Array.isArray(node.range)) return 0;
  const [start] = node.range as readonly unknown[];
  return typeof start === 'number' ? start : 0;
}

/** Sections whose values a message never shows, whether they should be secrets or became ones by mistake. */
const HIDDEN = [
  ['secrets'],
  ['check', 'grpc', 'tls'],
  ['declared', 'keys'],
  ['store', 'url'],
  ['counters', 'url'],
] as const;

function describeFound(source: Source, path: KeyPath): string {
  const node = nodeAt(source, path);
  if (node === undefined) return 'is missing';
  if (isMap(node)) return 'found a section';
  if (isSeq(node)) return 'found a list';
  if (!isScalar(node) || writtenText(node) === '') return 'found nothing';
  if (HIDDEN.some((hidden) => hidden.every((step, index) => path[index] === step))) {
    return 'found a value that is not shown';
  }
  return `found ${quote(writtenText(node))}`;
}

/** One line, bounded, with control characters shown as escapes. */
function quote(text: string): string {
  return JSON.stringify(text.length > FOUND_CHARS_MAX ? `${text.slice(0, FOUND_CHARS_MAX)}…` : text);
}
