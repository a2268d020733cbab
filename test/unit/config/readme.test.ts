import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { REFUSAL_CODES } from '../../../src/edge/render/status.ts';
import { kindOf, unwrap } from '../../../src/config/schema-tree.ts';
import { apiSchema } from '../../../src/config/schema/api.ts';
import { serverSchema } from '../../../src/config/schema/server.ts';

type Schema = Parameters<typeof unwrap>[0];

interface Key {
  readonly key: string;
  readonly type: string;
  readonly fallback: string;
}

/** Every key of a schema that holds a value, with the words that the table has for it. */
function listKeys(schema: Schema, key = '', fallback = fallbackOf(schema)): Key[] {
  const { def } = unwrap(schema)._zod;
  if (def.type === 'object') {
    return Object.entries(def.shape).flatMap(([name, member]) =>
      listKeys(member, key === '' ? name : `${key}.${name}`),
    );
  }
  if (def.type === 'record') return listKeys(def.valueType, `${key}.<${namedIn(key)}>`, fallback);
  const entry = { key, type: typeOf(schema), fallback };
  if (def.type !== 'array' || kindOf(def.element) !== 'section') return [entry];
  const isNamedAlone = key.endsWith('retired');
  return [...(isNamedAlone ? [entry] : []), ...listKeys(def.element, `${key}[]`)];
}

/** What the names in a section of named entries stand for. */
function namedIn(key: string): string {
  const names: Readonly<Record<string, string>> = {
    tiers: 'tier',
    'tokens.issuers': 'issuer',
    'tokens.issuers.<issuer>.claims.permission_of': 'theirs',
    'tokens.issuers.<issuer>.claims.role_of': 'theirs',
  };
  return names[key] ?? 'header';
}

function fallbackOf(schema: Schema): string {
  const { def } = (schema as ReturnType<typeof unwrap>)._zod;
  if (def.type === 'default' || def.type === 'prefault') {
    return typeof def.defaultValue === 'string' && def.defaultValue !== ''
      ? def.defaultValue
      : JSON.stringify(def.defaultValue);
  }
  return def.type === 'optional' ? '–' : 'required';
}

function typeOf(schema: Schema): string {
  const { def } = unwrap(schema)._zod;
  if (def.type === 'literal') return String(def.values[0]);
  if (def.type !== 'enum') return kindOf(schema);
  const values = Object.values(def.entries);
  return values.length === REFUSAL_CODES.length ? 'one of the refusals' : `one of ${values.join(', ')}`;
}

const readme = readFileSync(join(import.meta.dirname, '../../../config/README.md'), 'utf8');

/** The rows of all tables of keys in a part of the page. */
function listRows(part: string): (Key & { readonly meaning: string })[] {
  return [...part.matchAll(/^\| `([^`]+)` *\| ([^|]+?) *\| ([^|]*?) *\| ([^|]+?) *\|$/gm)].map(
    ([, key = '', type = '', fallback = '', meaning = '']) => ({
      key,
      type: type.replace(/^list of .*/, 'list').replace(/^secret$/, 'text'),
      fallback: fallback.replaceAll('\\', ''),
      meaning,
    }),
  );
}

const unified = (keys: readonly Key[]): Key[] => {
  const texts = keys.map(({ key, type, fallback }) => {
    const name = key.replace(/^errors\.(\w+)\./, (whole, code: string) =>
      (REFUSAL_CODES as readonly string[]).includes(code) ? 'errors.<refusal>.' : whole,
    );
    return JSON.stringify({ key: name, type, fallback });
  });
  return [...new Set(texts)].sort().map((text) => JSON.parse(text) as Key);
};

describe('the page about the configuration', () => {
  const [, server = '', api = ''] = readme.split(/^## .*yaml$/m);

  test('has a row for every key of tollgate.yaml, with its type and default, and no other', () => {
    expect(unified(listRows(server))).toEqual(unified(listKeys(serverSchema)));
  });

  test('has a row for every key of an API file, with its type and default, and no other', () => {
    expect(unified(listRows(api))).toEqual(unified(listKeys(apiSchema)));
  });

  test('says of each key what it means, once', () => {
    const keys = [...listRows(server), ...listRows(api)];
    expect(new Set(keys.map(({ key }) => key)).size).toBe(keys.length);
    for (const { meaning } of keys) expect(meaning.length).toBeGreaterThan(3);
  });

  test('names every refusal', () => {
    for (const code of REFUSAL_CODES) expect(readme).toContain(`\`${code}\``);
  });
});
