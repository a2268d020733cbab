import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client, Metadata, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operations } from '../../src/domain/operations.ts';
import { createControlClient } from '../../src/hub/control/client.ts';
import { createCheckClient } from './check-client.ts';
import type { CheckClient } from './check-client.ts';
import { speak, startServed } from './served.ts';
import type { Served, Spoken } from './served.ts';

const CHECK = '/envoy.service.auth.v3.Authorization/Check';
/** A part of a key this long opens nothing, and is not shown either; a key's hint has its last four characters. */
const PART_CHARS = 16;
/** Two of the documented APIs: the first keeps its keys sealed as well, the second charges for every request. */
const APIS = [
  { api: 'clary', host: 'api.claryai.com', path: '/v1/documents', permissions: ['documents:read'] },
  { api: 'trackyard', host: 'api.trackyard.com', path: '/api/external/v1/leads', permissions: [] },
] as const;

describe('secrets that were marked', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-canary-'));
  const database = join(folder, 'tollgate.db');
  const pepper = randomBytes(32);
  const sealingKey = randomBytes(32);
  /** Words that only a client sent: in headers, path, host. */
  const sent = Array.from({ length: 8 }, (_, index) => `canary${index}${randomBytes(12).toString('hex')}`);
  const keys: string[] = [];
  /** Everything that anybody may see, by where it was seen. */
  const seen = new Map<string, Buffer>();
  let shownOnce = '';
  let served: Served;
  let client: CheckClient;
  let operations: Operations;

  const settings = {
    args: [
      `store.url=sqlite:${database}`,
      'check.grpc.listen=127.0.0.1:0',
      'telemetry.listen=127.0.0.1:0',
      'public.listen=off',
      'admin.listen=off',
    ].flatMap((set) => ['--set', set]),
    env: {
      TOLLGATE_PEPPER: pepper.toString('base64'),
      TOLLGATE_SEALING_KEY: sealingKey.toString('base64'),
    },
  };

  async function command(...words: readonly string[]): Promise<Spoken> {
    const spoken = await speak({ ...settings, args: [...settings.args, ...words] });
    keep(`stderr of ${words.slice(0, 2).join(' ')}`, spoken.stderr);
    return spoken;
  }

  /** A command that shows no secret. */
  async function plainly(...words: readonly string[]): Promise<void> {
    const { code, stdout } = await command(...words);
    expect(code).toBe(0);
    keep(`stdout of ${words.join(' ')}`, stdout);
  }

  /** A command that shows a key, once. */
  async function showing(
    ...words: readonly string[]
  ): Promise<{ readonly id: string; readonly key: string }> {
    const { stdout } = await command('--json', ...words);
    shownOnce += stdout;
    const made = JSON.parse(stdout) as { readonly id: string; readonly key: string };
    keys.push(made.key);
    return made;
  }

  function keep(where: string, text: string | Buffer): void {
    seen.set(`${where} (${seen.size})`, Buffer.from(text));
  }

  function keepFiles(when: string): void {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (statSync(path).isFile()) keep(`${name} ${when}`, readFileSync(path));
    }
  }

  async function keepPages(when: string): Promise<void> {
    for (const page of ['/metrics', '/readyz', '/healthz', `/${sent[0]}`]) {
      keep(`${page} ${when}`, await (await fetch(`${served.telemetry}${page}`)).text());
    }
  }

  beforeAll(async () => {
    served = await startServed(settings);
    client = createCheckClient(served.checkGrpc);
    operations = createControlClient(`${database}.sock`);
    await askForAll();
    await keepPages('while it serves');
    keepFiles('while it serves');
    client.close();
    served.terminate();
    const { stdout, stderr } = await served.ended;
    keep('stdout of the server', stdout);
    keep('stderr of the server', stderr);
    keepFiles('after its end');
    await plainly('keys', 'list', '--api', 'clary');
    await plainly('validate');
  });

  afterAll(async () => {
    served.terminate();
    await served.ended;
    rmSync(folder, { recursive: true, force: true });
  });

  /** What operators and clients do all day, and what goes wrong. */
  async function askForAll(): Promise<void> {
    for (const each of APIS) {
      const { api, permissions } = each;
      const [create, permit] = [['--api', api], permissions.flatMap((word) => ['--permission', word])];
      await plainly('accounts', 'create', ...create, '--id', 'canary-account', '--credits', '100');
      const made = await showing(
        'keys',
        'create',
        ...create,
        '--account',
        'canary-account',
        '--name',
        'n',
        ...permit,
      );
      expect(await ask(each, made.key)).toMatchObject({ allowed: true });
      const rotated = await showing('keys', 'rotate', ...create, '--id', made.id);
      expect(await ask(each, rotated.key)).toMatchObject({ allowed: true });
      await askWrongly(each, made.key);
      await plainly('keys', 'revoke', ...create, '--id', made.id, '--wait');
      expect(await ask(each, made.key)).toMatchObject({ status: 401 });
      await plainly('keys', 'show', ...create, '--id', rotated.id, '--json');
      await plainly('keys', 'list', ...create, '--json');
      await plainly('accounts', 'show', ...create, '--id', 'canary-account');
    }
    await importWrongly();
    await askWithoutStore();
    await askUndecodably();
  }

  function ask({ host, path }: (typeof APIS)[number], key: string) {
    return client.check({ host, path, key });
  }

  async function askWrongly(each: (typeof APIS)[number], key: string): Promise<void> {
    const [first = '', second = '', third = '', fourth = ''] = sent;
    const wrong = [
      `${key}x`,
      key.slice(0, -1),
      `${key},${key}`,
      `x ${key}`,
      key.toUpperCase(),
      `${key}\u00e9`,
      first,
    ];
    for (const credential of wrong) await ask(each, credential);
    const headers = {
      'x-api-key': second,
      cookie: `session=${third}`,
      'x-request-id': key,
      'user-agent': key,
    };
    await client.check({ ...each, key, headers });
    await client.check({ ...each, key, path: `${each.path}/..%2f${fourth}?api_key=${key}` });
    await client.check({ ...each, key, path: `/${key}`, method: key });
    await client.check({ ...each, key, host: `${fourth}.example` });
  }

  async function importWrongly(): Promise<void> {
    const given = `clary_${sent[4]}`;
    const row = {
      api: 'clary',
      account: 'canary-account',
      name: 'taken over',
      permissions: ['documents:read'],
    };
    await operations.importKeys([{ ...row, key: given }]);
    keys.push(given);
    for (const key of [given, `${given},${sent[5]}`, `truedy_${sent[5]}`, `${sent[5]} x`]) {
      const refused = await operations.importKeys([{ ...row, key }]).catch((error: unknown) => error);
      if (!(refused instanceof Error)) throw new Error('an import was not refused');
      keep('a refused import', `${refused.message} ${refused.stack}`);
    }
  }

  /** While another process holds the database, what costs credits is an outage. */
  async function askWithoutStore(): Promise<void> {
    const other = new DatabaseSync(database);
    other.exec('BEGIN IMMEDIATE');
    const key = keys.at(3) ?? '';
    expect(await ask(APIS[1], key)).toMatchObject({ status: 503 });
    // The operation waits for the other process and is then refused.
    const revocation = await operations
      .revokeKey({ api: 'clary', id: key })
      .catch((error: unknown) => String(error));
    keep('a refused revocation', JSON.stringify(revocation));
    await keepPages('without a store');
    other.exec('ROLLBACK');
    other.close();
  }

  /** Bytes that are no check end in the decoder. */
  async function askUndecodably(): Promise<void> {
    const grpc = new Client(served.checkGrpc, credentials.createInsecure());
    const bytes = Buffer.from(`\u0001${sent[6]} ${keys[0]}`);
    const { promise, resolve } = Promise.withResolvers<string>();
    grpc.makeUnaryRequest(CHECK, same, same, bytes, new Metadata(), (error) => resolve(String(error)));
    keep('a gRPC error', await promise);
    grpc.close();
  }

  test('can be found where they are: in what shows a key once, and in the database what is no secret', () => {
    expect(keys).toHaveLength(5);
    for (const key of keys.slice(0, 4)) expect(shownOnce).toContain(key);
    const stored = [...seen].filter(([where]) => where.startsWith('tollgate.db'));
    expect(stored.some(([, bytes]) => bytes.includes('canary-account'))).toBe(true);
    expect(wheresOf('tollgate_checks_total').length).toBeGreaterThan(0);
  });

  test.each(['pepper', 'sealing key'])('no form of the %s is anywhere', (name) => {
    const secret = name === 'pepper' ? pepper : sealingKey;
    for (const form of [secret, ...formsOf(secret)]) expect(wheresOf(form)).toEqual([]);
  });

  test('no key is anywhere, whole or in part, in clear or encoded', () => {
    for (const key of keys) {
      const body = key.slice(key.indexOf('_') + 1);
      const parts = [key, body, body.slice(0, PART_CHARS), body.toUpperCase()];
      for (const form of [...parts, ...formsOf(Buffer.from(key)), ...formsOf(Buffer.from(body))]) {
        expect(wheresOf(form)).toEqual([]);
      }
    }
  });

  test('nothing that a client sent as a credential, path or host is anywhere', () => {
    for (const word of sent) expect(wheresOf(word)).toEqual([]);
  });

  function wheresOf(form: string | Buffer): string[] {
    return [...seen].filter(([, bytes]) => bytes.includes(form)).map(([where]) => where);
  }
});

function same(buffer: Buffer): Buffer {
  return buffer;
}

/** As text that a program might write; without the padding, which a longer text would not have in its middle. */
function formsOf(secret: Buffer): string[] {
  const hex = secret.toString('hex');
  const forms = [secret.toString('base64'), secret.toString('base64url'), hex, hex.toUpperCase()];
  return forms.map((form) => form.replace(/=+$/, '').slice(0, -2));
}
