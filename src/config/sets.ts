import { isMap, isScalar, isSeq, Scalar, YAMLMap } from 'yaml';
import { retype } from './interpolate.ts';
import type { KeyPath, Problem } from './problems.ts';
import type { Kind } from './schema-tree.ts';
import { findPair, SET_OPTION, toFileProblem } from './source.ts';
import type { Source } from './source.ts';

/** `a.b.c=value` */
const SET = /^(?<key>[^=]+)=(?<text>.*)$/s;
/** Places in a list are written as numbers from 0. */
const INDEX = /^\d{1,4}$/;
const STEPS_MAX = 16;

/**
 * Puts `key=value` overrides in the place of what the file says, before anything is checked.
 * A value is what it would be as an unquoted text in the file. Messages name the key, never the value.
 */
export function applySets(
  source: Source,
  sets: readonly string[],
  kindAt: (path: KeyPath) => Kind,
): Problem[] {
  return sets.flatMap((set) => applySet(source, set, kindAt) ?? []);
}

function applySet(source: Source, set: string, kindAt: (path: KeyPath) => Kind): Problem | undefined {
  const { key, text } = SET.exec(set)?.groups ?? {};
  if (key === undefined || text === undefined) return toFileProblem(SET_OPTION, 'expected key=value');
  const fail = (message: string): Problem => ({ ...toFileProblem(SET_OPTION, message), key });
  const steps = key.split('.');
  if (steps.length > STEPS_MAX || steps.some((step) => step === '' || step === '__proto__')) {
    return fail('expected a dotted key such as check.grpc.listen');
  }
  const value = new Scalar(retype(text, kindAt(steps)));
  value.source = text;
  value.type = Scalar.PLAIN;
  source.document.contents ??= new YAMLMap();
  const isDone = put(source.document.contents, steps, { value, source });
  return isDone ? undefined : fail('this key is not part of a section: something else stands above it');
}

interface Override {
  readonly value: Scalar;
  readonly source: Source;
}

/** Sets the value below a node, making sections on the way; false where a value stands in the way. */
function put(node: unknown, steps: readonly string[], override: Override): boolean {
  const [step = '', ...below] = steps;
  const child = childFor(node, step, override);
  if (child === undefined) return false;
  if (below.length > 0) {
    if (!isMap(child.value) && !isSeq(child.value)) {
      if (isScalar(child.value) && child.value.value !== null) return false;
      child.value = mark(new YAMLMap(), override);
    }
    return put(child.value, below, override);
  }
  child.value = mark(override.value, override);
  return true;
}

/** Something whose `value` can be replaced. */
interface Slot {
  value: unknown;
}

function childFor(node: unknown, step: string, override: Override): Slot | undefined {
  if (isMap(node)) {
    const known = findPair(node, step);
    if (known !== undefined) return known;
    node.set(mark(new Scalar(step), override), null);
    return findPair(node, step);
  }
  if (!isSeq(node) || !INDEX.test(step) || Number(step) >= node.items.length) return undefined;
  const index = Number(step);
  return {
    get value() {
      return node.items[index];
    },
    set value(item: unknown) {
      node.items[index] = item;
    },
  };
}

function mark<T>(node: T, { source }: Override): T {
  source.overrides.add(node);
  return node;
}
