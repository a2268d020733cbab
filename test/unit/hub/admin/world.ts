import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import * as z from 'zod';
import type { Actor } from '../../../../src/domain/audit.ts';
import type { OperatorRole } from '../../../../src/domain/operators.ts';
import { createAdminServer } from '../../../../src/hub/admin/server.ts';
import type { AdminServerOptions } from '../../../../src/hub/admin/server.ts';
import { createOperations } from '../../../../src/hub/operations/operations.ts';
import { createOperatorLogin } from '../../../../src/hub/operations/operator-login.ts';
import { createWorld } from '../operations/world.ts';
import type { World } from '../operations/world.ts';

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  /** In place of JSON of `body`. */
  readonly raw?: string | Buffer;
  /** `undefined`: none. */
  readonly token?: string | undefined;
  /** Name, value, name, value. */
  readonly headers?: readonly string[];
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined where there is none. */
  readonly body: Record<string, unknown>;
}

export interface AdminWorld extends World {
  readonly port: number;
  readonly bugs: unknown[];
  readonly failures: Actor[];
  /** Moves both clocks. */
  readonly advance: (durationMs: number) => void;
  readonly token: Readonly<Record<OperatorRole, string>>;
  ask(path: string, asked?: Asked): Promise<Answered>;
  /** As the operator with the role write. */
  write(method: string, path: string, body?: unknown): Promise<Answered>;
}

const ANSWER_MS = 5_000;

/** The admin API over real HTTP, real operations and a real database, with one operator of each role. */
export async function createAdminWorld(change: Partial<AdminServerOptions> = {}): Promise<AdminWorld> {
  const world = createWorld();
  const bugs: unknown[] = [];
  const failures: Actor[] = [];
  let aheadMs = 0;
  const clock = {
    now: () => {
      const { wallMs } = world.deps.clock.now();
      return { wallMs: wallMs + aheadMs, monotonicMs: 5_000 + aheadMs };
    },
  };
  const deps = { ...world.deps, clock };
  const { hasher, reads, writes } = deps;
  const server = createAdminServer({
    listen: '127.0.0.1:0',
    operations: (actor) => createOperations({ ...deps, actor }),
    findOperator: createOperatorLogin({ reads, writes, hasher, clock }),
    recordFailure: async (actor) => void failures.push(actor),
    clock,
    newRequestId: () => randomUUID(),
    onBug: (error) => bugs.push(error),
    ...change,
  });
  const address = await server.start();
  onTestFinished(() => server.stop());
  const port = Number(address.split(':').at(-1));
  const token = {
    read: (await world.operations.createOperator({ name: 'reader', role: 'read' })).token,
    write: (await world.operations.createOperator({ name: 'writer', role: 'write' })).token,
  };
  const ask = (path: string, asked: Asked = {}): Promise<Answered> => send(port, path, asked);
  return {
    ...world,
    port,
    bugs,
    failures,
    token,
    advance: (durationMs) => void (aheadMs += durationMs),
    ask,
    write: (method, path, body) =>
      ask(path, { method, token: token.write, ...(body === undefined ? {} : { body }) }),
  };
}

async function send(port: number, path: string, asked: Asked): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const raw = asked.raw ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
  const sent = httpRequest({
    host: '127.0.0.1',
    port,
    path,
    method: asked.method ?? 'GET',
    agent: false,
    signal: AbortSignal.timeout(ANSWER_MS),
    headers: [
      'host',
      'admin',
      ...(asked.token === undefined ? [] : ['authorization', `Bearer ${asked.token}`]),
      ...(raw === undefined ? [] : ['content-length', String(Buffer.byteLength(raw))]),
      ...(asked.headers ?? (raw === undefined ? [] : ['content-type', 'application/json'])),
    ],
  });
  sent.on('error', reject);
  sent.on('response', (response) => {
    text(response).then((body) => {
      const parsed = (body === '' ? undefined : JSON.parse(body)) as Record<string, unknown>;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text: body, body: parsed });
    }, reject);
  });
  sent.end(raw);
  return promise;
}

interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, z.core.JSONSchema.JSONSchema>> };
}

export interface DescribedOperation {
  readonly responses: Readonly<
    Record<
      string,
      { readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>> }
    >
  >;
}

export async function readDescription(world: AdminWorld): Promise<Described> {
  const { body } = await world.ask('/openapi.json', { token: world.token.read });
  return body as unknown as Described;
}

/** What the description says against an answer; none where it keeps to it. */
export function findAnswerFaults(
  described: Described,
  operation: DescribedOperation,
  answered: Answered,
): readonly unknown[] {
  const response = operation.responses[answered.status] ?? operation.responses['default'];
  const [type = ''] = (answered.headers['content-type'] ?? '').split(';');
  const ref = response?.content[type]?.schema.$ref;
  if (ref === undefined) return [`an answer ${answered.status} of ${type} is not described`];
  const schema = described.components.schemas[ref.replace('#/components/schemas/', '')];
  if (schema === undefined) return [`${ref} is not described`];
  return z.fromJSONSchema(schema).safeParse(answered.body).error?.issues ?? [];
}
