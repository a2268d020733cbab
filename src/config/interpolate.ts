import { isScalar, Scalar } from 'yaml';
import type { Fault, KeyPath } from './problems.ts';
import type { Kind } from './schema-tree.ts';
import { walk } from './source.ts';
import type { Interpolation, Source } from './source.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `$${` is a plain `${`; `${NAME}` and `${NAME:-default}` are replaced; any other `${` is a mistake. */
const REFERENCE = /\$\$\{|\$\{(?:(?<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?<fallback>[^}]*))?\})?/g;

/**
 * Puts the environment into the values of a file, after it was parsed: a variable can never become syntax.
 * Empty and unset are the same to a default. Where a number or a boolean is meant, an unquoted value becomes one.
 */
export function interpolate(source: Source, env: Environment, kindAt: (path: KeyPath) => Kind): Fault[] {
  const faults: Fault[] = [];
  walk(source.document.contents, (node, path) => {
    if (!isScalar(node) || typeof node.value !== 'string' || !node.value.includes('${')) return;
    const { text, from, messages } = expand(node.value, env);
    faults.push(...messages.map((message) => ({ path, message })));
    if (from !== undefined) source.interpolated.set(node, from);
    node.value = node.type === Scalar.PLAIN ? retype(text, kindAt(path)) : text;
  });
  return faults;
}

interface Expansion {
  readonly text: string;
  readonly from: Interpolation | undefined;
  readonly messages: readonly string[];
}

function expand(template: string, env: Environment): Expansion {
  const messages: string[] = [];
  let from: Interpolation | undefined;
  const text = template.replaceAll(REFERENCE, (whole: string, ...rest: unknown[]) => {
    if (whole === '$${') return '${';
    const { name, fallback } = rest.at(-1) as { name?: string; fallback?: string };
    if (name === undefined) {
      messages.push('expected ${NAME} or ${NAME:-default} ($${ is a plain ${)');
      return '';
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    const usesDefault = fallback !== undefined && (value === undefined || value === '');
    from = usesDefault && fallback !== '' ? 'default' : (from ?? 'environment');
    if (value === undefined && fallback === undefined)
      messages.push(`the environment has no variable ${name}`);
    return usesDefault ? fallback : (value ?? '');
  });
  return { text, from, messages };
}

/** An unquoted text as YAML would read it where that kind is meant: nothing where nothing stands. */
export function retype(text: string, kind: Kind): string | number | boolean | null {
  if (text === '') return null;
  if (kind === 'number' && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
