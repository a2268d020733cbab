import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HealthCheckResponse_ServingStatus, HealthClient } from '@envoyproxy/ext-authz-types/health';
import { credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Operations } from '../../src/domain/operations.ts';
import { createControlClient } from '../../src/hub/control/client.ts';
import { createCheckClient } from './check-client.ts';
import { databaseIn, startServe } from './tollgate-process.ts';
import type { Place, Serving } from './tollgate-process.ts';

const { NOT_SERVING, SERVING } = HealthCheckResponse_ServingStatus;
const HOST = 'api.trackyard.com';
const ME = '/api/external/v1/me';
const ACCOUNT = { api: 'trackyard', id: 'acme' };
/** Longer than all that is asked meanwhile, and than a listener gives a request under way (two seconds). */
const STOP_DELAY = '4s';
/** Catches a word that never comes. */
const WORD_MS = 10_000;

describe('a server that is told to stop while an operator’s slow request is open', () => {
  let place: Place;
  let serving: Serving;
  let operations: Operations;

  beforeEach(async () => {
    const listen = ['admin', 'public'].map((name) => `${name}.listen=127.0.0.1:0`);
    place = {
      folder: mkdtempSync(join(tmpdir(), 'tollgate-stop-')),
      sets: [...listen, `check.grpc.stop_delay=${STOP_DELAY}`],
    };
    serving = await startServe(place);
    operations = createControlClient(`${databaseIn(place)}.sock`);
  });

  afterEach(async () => {
    serving.child.kill('SIGKILL');
    await serving.ended;
    rmSync(place.folder, { recursive: true });
  });

  test('tells the gateway at once, answers checks and `/me` meanwhile, and then ends that request in order', async () => {
    await operations.createAccount(ACCOUNT);
    const { key } = await operations.createKey({ api: ACCOUNT.api, account: ACCOUNT.id, name: 'app' });
    const { token } = await operations.createOperator({ name: 'ops', role: 'write' });
    const body = JSON.stringify({ id: 'late' });
    const slow = await openSlowly(token, body);
    const health = createHealth();
    expect(await health.look()).toBe(SERVING);

    serving.child.kill('SIGTERM');
    await expect.poll(health.look, { timeout: WORD_MS, interval: 5 }).toBe(NOT_SERVING);
    // No later than that: the process says of itself what it says to the gateway.
    expect((await read(ask('telemetry', { path: '/readyz' }).end())).status).toBe(503);
    const client = createCheckClient(serving.address);
    expect(await client.check({ host: HOST, path: '/api/external/v1/leads', key: '' })).toMatchObject({
      status: 401,
    });
    const headers = { host: HOST, authorization: `Bearer ${key}` };
    expect(await read(ask('public', { path: ME, headers }).end())).toMatchObject({ status: 200 });
    client.close();
    // Only now does the rest of the request come: whatever waits for its end first has not waited.
    expect(await health.look()).toBe(NOT_SERVING);
    health.close();
    slow.end(body.slice(1));
    expect(await read(slow)).toMatchObject({ status: 201 });
    expect(await serving.ended).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/warn|error/) });
  });

  /** A request of which the server has read the head and the first byte of the body has been sent. */
  async function openSlowly(token: string, body: string): Promise<ClientRequest> {
    const opened = ask('admin', {
      method: 'POST',
      path: '/v1/apis/trackyard/accounts',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': body.length,
        expect: '100-continue',
      },
    });
    opened.flushHeaders();
    await once(opened, 'continue');
    opened.write(body.slice(0, 1));
    return opened;
  }

  function ask(listener: 'admin' | 'public' | 'telemetry', options: RequestOptions): ClientRequest {
    const port = new RegExp(`^${listener}\\s+127\\.0\\.0\\.1:(\\d+)$`, 'm').exec(serving.stdout())?.[1];
    return request({ host: '127.0.0.1', port, agent: false, ...options });
  }

  function createHealth() {
    const client = new HealthClient(serving.address, credentials.createInsecure());
    return {
      look: () =>
        new Promise((resolve, reject) =>
          client.check({ service: '' }, (error, response) => {
            if (error === null) resolve(response.status);
            else reject(error);
          }),
        ),
      close: () => client.close(),
    };
  }
});

async function read(asked: ClientRequest): Promise<{ readonly status: number | undefined }> {
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode };
}
