import { LineCounter, isAlias, isMap, isNode, isSeq, parseAllDocuments } from 'yaml';
import type { Document, Node } from 'yaml';
import { OperationRefused } from '../../domain/operations.ts';
import type { KeyPath } from '../../config/problems.ts';

/** One YAML document of a gateway's file. */
export interface GatewayDocument {
  readonly file: string;
  /** Aliases are resolved. */
  readonly value: unknown;
  /** Line and column, from 1, of the deepest part of the path that is written. */
  position(path: KeyPath): Position;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A gateway's configuration is read by people. */
export const GATEWAY_FILE_CHARS_MAX = 4_194_304;
const DOCUMENTS_MAX = 1_000;
/** Anchors are used to write a value once, not to build one that fills the memory. */
const ALIASES_MAX = 1_000;

/** Throws `OperationRefused('invalid')` for what is no YAML, or too much of it. */
export function parseGatewayFile(file: string, text: string): readonly GatewayDocument[] {
  if (text.length > GATEWAY_FILE_CHARS_MAX) throw unreadable(file, 'is too long for a gateway configuration');
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  if (!Array.isArray(documents)) return [];
  if (documents.length > DOCUMENTS_MAX) throw unreadable(file, `holds more than ${DOCUMENTS_MAX} documents`);
  return documents.map((document) => toGatewayDocument(file, document, lines));
}

function toGatewayDocument(file: string, document: Document, lines: LineCounter): GatewayDocument {
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw unreadable(`${file}:${line}:${col}`, error.message);
  }
  return {
    file,
    value: toValue(file, document),
    position: (path) => {
      const { line, col } = lines.linePos(findOffset(document, path));
      return { line, column: col };
    },
  };
}

function toValue(file: string, document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown;
  } catch (error) {
    if (error instanceof ReferenceError) throw unreadable(file, `uses more than ${ALIASES_MAX} aliases`);
    throw error;
  }
}

function findOffset(document: Document, path: KeyPath): number {
  let node = resolve(document, document.contents);
  let offset = startOf(document.contents);
  for (const step of path) {
    const next: unknown = isMap(node) || isSeq(node) ? node.get(step, true) : undefined;
    if (!isNode(next)) break;
    offset = startOf(next);
    node = resolve(document, next);
  }
  return offset;
}

function resolve(document: Document, node: Node | null): Node | undefined {
  return isAlias(node) ? node.resolve(document) : (node ?? undefined);
}

function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

function unreadable(place: string, reason: string): OperationRefused {
  return new OperationRefused('invalid', `${place}: ${reason}`);
}
