import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { CheckRequest, CheckResponse } from '@envoyproxy/ext-authz-types';
import { describe, expect, it } from 'vitest';
import { createGrpcAsk } from '../../../src/cli/demo/ask-grpc.ts';
import { createHttpAsk } from '../../../src/cli/demo/ask.ts';
import { DEMO_REQUESTS } from '../../../src/cli/demo/requests.ts';
import { renderCurls, renderShown, toShown } from '../../../src/cli/demo/show.ts';
import { LAST_KEY, createDemoWorld } from '../../../src/cli/demo/world.ts';
import { startEcho } from '../../../src/cli/echo.ts';
import type { CreatedKey, NewKey } from '../../../src/domain/operations.ts';
import { CREATED, createFakeOperations } from '../hub/control/fake-operations.ts';

const PLAIN = {
  api: 'truedy',
  host: 'api.truedy.ai',
  method: 'GET',
  path: '/api/public/v1/videos',
  headers: { authorization: 'Bearer k' },
};

describe('the sample world', () => {
  it('has a key for every label a request mentions, the last one made last', async () => {
    const { operations, calls } = createFakeOperations({ createKey: namedKey });
    const keys = await createDemoWorld(operations);
    const labels = DEMO_REQUESTS.flatMap(({ credential }) => credential?.key ?? []);
    const unknown = labels.filter((label) => !keys.has(label));
    expect(unknown.every((label) => label.endsWith('_nonsense'))).toBe(true);
    expect(calls.at(-1)).toEqual({ name: 'createKey', args: [expect.objectContaining({ name: 'Last' })] });
    expect([...keys.keys()].at(-1)).toBe(LAST_KEY);
  });

  it('makes each account before its keys', async () => {
    const { operations, calls } = createFakeOperations();
    await createDemoWorld(operations);
    const accounts = new Set<string>();
    for (const { name, args } of calls) {
      const input = args[0] as { api: string; id: string; account: string };
      if (name === 'createAccount') accounts.add(`${input.api}/${input.id}`);
      if (name === 'createKey') expect(accounts).toContain(`${input.api}/${input.account}`);
    }
    expect(accounts.size).toBeGreaterThan(5);
  });
});

describe('what the demo shows', () => {
  const [allowed, missing] = DEMO_REQUESTS;
  if (allowed === undefined || missing === undefined) throw new Error('the demo has no requests');

  it('covers every API with an allowed request and a refused one', () => {
    for (const api of ['truedy', 'clary', 'trackyard', 'autype', 'freddy']) {
      const statuses = DEMO_REQUESTS.filter((request) => request.api === api).map(
        ({ expect: { status } }) => status,
      );
      expect(statuses).toContain(200);
      expect(statuses).toContain(401);
    }
  });

  it('takes an answer for the promised one by status and body together', () => {
    expect(toShown(missing, { status: 401, body: 'Invalid or missing API key' }).as_promised).toBe(true);
    expect(toShown(missing, { status: 403, body: 'Invalid or missing API key' }).as_promised).toBe(false);
    expect(toShown(missing, { status: 401, body: '' }).as_promised).toBe(false);
    expect(toShown(missing, { status: 200, body: '' }).as_promised).toBe(false);
  });

  it('shows who the application was told the client is, and long bodies shortened', () => {
    const body = JSON.stringify({ headers: { 'x-account-id': ['acme'], 'x-tier': ['free'] } });
    expect(renderShown([toShown(allowed, { status: 200, body })])).toContain(
      'passed on x-account-id=acme x-tier=free',
    );
    const long = renderShown([toShown(missing, { status: 401, body: 'y'.repeat(500) })]);
    expect(long).toContain(`${'y'.repeat(96)}…`);
    expect(long).toContain('✗');
  });

  it('prints curl lines that repeat the requests exactly', () => {
    const keys = new Map([['trackyard', 'ty_1']]);
    const [first] = renderCurls('http://127.0.0.1:10000', DEMO_REQUESTS, keys).split('\n');
    expect(first).toBe(
      "curl -i -H 'Host: api.trackyard.com' -H 'authorization: Bearer ty_1' http://127.0.0.1:10000/api/external/v1/leads",
    );
  });
});

describe('asking through a gateway', () => {
  it('sends method, path, host and credential as they are', async () => {
    const echo = await startEcho(0);
    const answer = await createHttpAsk(`http://127.0.0.1:${echo.port}`)({ ...PLAIN, method: 'POST' });
    await echo.stop();
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      method: 'POST',
      target: PLAIN.path,
      headers: { host: ['api.truedy.ai'], authorization: ['Bearer k'] },
    });
  });
});

describe('asking without a gateway', () => {
  const denied: CheckResponse = {
    status: { code: 16, message: '' },
    httpResponse: { $case: 'deniedResponse', value: { status: { code: 401 }, headers: [], body: 'no' } },
    dynamicMetadata: undefined,
  };
  const ok = {
    headers: [],
    headersToRemove: [],
    responseHeadersToAdd: [],
    queryParametersToSet: [],
    queryParametersToRemove: [],
  };

  it('asks what Envoy would ask', async () => {
    const { asked } = await answerOf(denied);
    const http = asked?.attributes?.request?.http;
    expect(http).toMatchObject({ method: 'GET', host: 'api.truedy.ai', path: PLAIN.path });
    expect(http?.headers.get('authorization')).toBe('Bearer k');
    expect(asked?.attributes?.contextExtensions.get('api')).toBe('truedy');
  });

  it('shows a refusal as it is', async () => {
    expect(await answerOf(denied)).toMatchObject({ status: 401, body: 'no' });
  });

  it('takes for allowed only an OK status with an OK response', async () => {
    const allowed: CheckResponse = {
      status: { code: 0, message: '' },
      httpResponse: { $case: 'okResponse', value: ok },
      dynamicMetadata: undefined,
    };
    expect(await answerOf(allowed)).toMatchObject({ status: 200 });
    expect(await answerOf({ ...allowed, status: { code: 7, message: '' } })).toMatchObject({ status: 403 });
    expect(await answerOf({ ...allowed, httpResponse: undefined })).toMatchObject({ status: 403 });
  });

  it('takes an answer without a message for an outage', async () => {
    expect(await answerOf(undefined)).toMatchObject({ status: 503 });
  });
});

function toFrame(message: CheckResponse): Buffer {
  const bytes = CheckResponse.encode(message).finish();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([prefix, bytes]);
}

async function namedKey({ name }: NewKey): Promise<CreatedKey> {
  return { ...CREATED, key: `key of ${name}` };
}

async function answerOf(
  respond: CheckResponse | undefined,
): Promise<{ asked?: CheckRequest; status: number; body: string }> {
  let asked: CheckRequest | undefined;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked = CheckRequest.decode(Buffer.concat(chunks).subarray(5));
      response.writeHead(200, { 'content-type': 'application/grpc' });
      response.end(respond === undefined ? Buffer.alloc(0) : toFrame(respond));
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  const answer = await createGrpcAsk(`127.0.0.1:${port}`)(PLAIN);
  server.close();
  return { ...(asked === undefined ? {} : { asked }), ...answer };
}
