import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { toEnvoyAnswer } from '../../../src/edge/gateway/envoy-http/response.ts';
import { createUnreadable } from '../../../src/edge/gateway/http/unreadable.ts';
import { partTitle, requirePart } from '../../parts.ts';
import { ask } from '../envoy.ts';
import { GATEWAY_TOKEN } from '../gateway-app.ts';
import { denyReply } from '../replies.ts';
import { startEnvoyHttp } from './envoy-http.ts';
import { startUpstream } from '../../../src/cli/conformance/client/upstream.ts';

const part = await requirePart('envoy');
const REQUEST = createUnreadable('envoy-http', 'api.truedy.ai', []);

describe.skipIf('missing' in part)(partTitle('through a real Envoy over HTTP', part), () => {
  test.each([
    [503, 'unavailable'],
    [500, 'internal_error'],
    [402, 'insufficient_credits'],
    [429, 'rate_limited'],
  ] as const)('a refusal with %i arrives with its status, its body and its headers', async (status, code) => {
    const reply = denyReply({ code, status, headers: [['retry-after', '7']] });
    const { status: sent, headers, body } = toEnvoyAnswer(reply, REQUEST);
    const tollgate = createServer((_, response) => response.writeHead(sent, headers.flat()).end(body));
    await new Promise<void>((resolve) => tollgate.listen(0, '127.0.0.1', resolve));
    const upstream = await startUpstream();
    const envoy = await startEnvoyHttp({
      binary: 'found' in part ? part.found : '',
      authzPort: (tollgate.address() as AddressInfo).port,
      publicPort: upstream.port,
      appPort: upstream.port,
      token: GATEWAY_TOKEN,
    });
    try {
      const answer = await ask(`http://127.0.0.1:${envoy.port}`, {});
      expect(answer).toMatchObject({
        status,
        body: reply.body,
        headers: { 'retry-after': '7', 'content-type': 'application/json', 'cache-control': 'no-store' },
      });
      expect(upstream.take()).toEqual([]);
    } finally {
      await envoy.stop();
      await upstream.stop();
      tollgate.closeAllConnections();
      tollgate.close();
    }
  });
});
