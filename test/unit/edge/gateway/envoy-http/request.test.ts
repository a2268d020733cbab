import { describe, expect, test } from 'vitest';
import type { HeaderLine } from '../../../../../src/lib/header-lines.ts';
import { fromEnvoyMessage } from '../../../../../src/edge/gateway/envoy-http/request.ts';
import { brokenLines, messageOf } from '../http/message.ts';

const LINES: readonly HeaderLine[] = [
  ['host', 'api.example.com:8443'],
  ['content-length', '0'],
  ['authorization', 'Bearer k'],
  ['x-h', '1'],
  ['x-h', '2'],
  ['x-envoy-internal', 'true'],
  ['x-envoy-expected-rq-timeout-ms', '500'],
  ['x-gateway-peer', '203.0.113.7'],
  ['x-gateway-request-id', 'id-1'],
];

describe('a check of Envoy over HTTP', () => {
  test('is the client’s request: its method, target and host, and what Envoy says of it', () => {
    const request = fromEnvoyMessage(messageOf(LINES, { method: 'POST', target: '//a/../b?q=%2f' }));
    expect(request).toMatchObject({
      gateway: 'envoy-http',
      gatewayRequestId: 'id-1',
      method: 'POST',
      target: '//a/../b?q=%2f',
      host: 'api.example.com:8443',
      namedApi: '',
      peerAddress: '203.0.113.7',
      timeoutMs: 500,
    });
  });

  test('has the client’s headers line by line, and none that Envoy added', () => {
    const { headers } = fromEnvoyMessage(messageOf(LINES));
    expect([...headers.names()]).toEqual(['authorization', 'x-h']);
    expect(headers.all('x-h')).toEqual(['1', '2']);
    expect(headers.all('x-gateway-peer')).toEqual([]);
    expect(headers.all('host')).toEqual([]);
  });

  test.each(['', '0', '-1', '1.5', '1e3', ' 500', '9999999999', 'Infinity', 'NaN'])(
    'waits as long as it does anyway where its time-out is %j',
    (timeout) => {
      const lines = LINES.filter(([name]) => name !== 'x-envoy-expected-rq-timeout-ms');
      const told = fromEnvoyMessage(messageOf([...lines, ['x-envoy-expected-rq-timeout-ms', timeout]]));
      expect(told.timeoutMs).toBeUndefined();
    },
  );

  test.each(brokenLines(LINES, ['host', 'x-gateway-peer', 'x-gateway-request-id']))(
    '%s is no request with a method or a target',
    (_, lines) => {
      expect(fromEnvoyMessage(messageOf(lines, { method: 'GET', target: '/x' }))).toMatchObject({
        method: '',
        target: '',
        peerAddress: '',
        gatewayRequestId: '',
      });
    },
  );
});
