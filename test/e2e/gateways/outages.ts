import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { partTitle } from '../../parts.ts';
import { ask } from '../envoy.ts';
import { GATEWAY_TOKEN, startGatewayApp } from '../gateway-app.ts';
import { startRecorder } from './recorder.ts';
import type { TableRun } from './table.ts';

/** Where nobody listens, and nobody can begin to while a test runs: a free port may become another test's. */
const CLOSED_PORT = 1;

/** Declares what one gateway's clients get where Tollgate does not decide: never a pass. */
export function testOutages({ name, dialect, part, start, whenGone }: TableRun): void {
  const title = partTitle(`a real ${name} without a decision`, part);
  if ('missing' in part) {
    test.skip(title);
    return;
  }
  const binary = part.found;

  describe(title, () => {
    const opened: (() => Promise<unknown>)[] = [];
    afterEach(async () => {
      for (const close of opened.splice(0).toReversed()) await close();
    });

    async function askThrough(authzPort: number, token: string) {
      const recorder = await startRecorder();
      opened.push(() => recorder.stop());
      const gateway = await start({
        binary,
        authzPort,
        token,
        appPort: recorder.port,
        publicPort: CLOSED_PORT,
      });
      opened.push(() => gateway.stop());
      const headers = ['authorization', 'Bearer clary_x', 'x-account-id', 'forged'];
      const answer = await ask(`http://127.0.0.1:${gateway.port}`, {
        host: 'api.claryai.com',
        target: '/v1/documents',
        headers,
      });
      expect(recorder.take()).toEqual([]);
      return answer;
    }

    function expectGone({ status, body }: { readonly status: number; readonly body: string }): void {
      expect(status).toBe(whenGone.status);
      if (status === 503) {
        expect(JSON.parse(body)).toEqual({
          error: { code: 'service_unavailable', message: 'Service unavailable' },
        });
      }
    }

    test('a Tollgate that is gone lets nobody in, and the client is told in the API’s words', async () => {
      expectGone(await askThrough(CLOSED_PORT, GATEWAY_TOKEN));
    });

    test.runIf(whenGone.givesUp)(
      'a Tollgate that never answers is given up, and lets nobody in',
      async () => {
        const silent = await startSilent();
        opened.push(() => silent.stop());
        expectGone(await askThrough(silent.port, GATEWAY_TOKEN));
      },
    );

    test('a gateway with another token than Tollgate’s lets nobody in', async () => {
      const app = await startGatewayApp(dialect);
      opened.push(() => app.stop());
      const { status } = await askThrough(app.port, `${GATEWAY_TOKEN}-of-yesterday`);
      expect(status).toBe(503);
      expect(app.logged.join('\n')).not.toContain(GATEWAY_TOKEN);
    });
  });
}

/** Takes connections and says nothing. */
async function startSilent() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).resume());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
