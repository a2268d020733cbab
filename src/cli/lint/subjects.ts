import type { KeyPath } from '../../config/problems.ts';
import type { SubjectKind } from './rule.ts';

/** Something in a gateway's file that rules speak of. */
export interface Subject {
  readonly kind: SubjectKind;
  readonly path: KeyPath;
  readonly value: unknown;
}

/** Envoy and Kubernetes nest deeply; nobody writes deeper than this. */
const DEPTH_MAX = 100;

export type Members = Readonly<Record<string, unknown>>;

/** Every value of a document with its path, the root first. */
export function* walkValues(value: unknown, path: KeyPath = []): Generator<[KeyPath, unknown]> {
  yield [path, value];
  if (path.length >= DEPTH_MAX || typeof value !== 'object' || value === null) return;
  const isList = Array.isArray(value);
  for (const [key, child] of Object.entries(value)) {
    yield* walkValues(child, [...path, isList ? Number(key) : key]);
  }
}

export function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What stands below a value, along steps of which `*` is every item of a list. Nothing for what is absent or null. */
export function readAt(value: unknown, steps: readonly string[]): readonly unknown[] {
  const [step, ...rest] = steps;
  if (value === undefined || value === null) return [];
  if (step === undefined) return [value];
  if (step === '*') return itemsOf(value).flatMap((item) => readAt(item, rest));
  return readAt(membersOf(value)[step], rest);
}
