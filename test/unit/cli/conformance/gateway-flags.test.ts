import { expect, test } from 'vitest';
import { readGatewayPlace } from '../../../../src/cli/conformance/gateway-flags.ts';

test.each([
  ['http://127.0.0.1:10000', { host: '127.0.0.1', port: 10_000, loopback: true }],
  ['http://10.0.0.5', { host: '10.0.0.5', port: 80, loopback: false }],
  ['http://localhost', { host: '127.0.0.1', port: 80, loopback: true }],
  ['http://[::1]:81', { host: '::1', port: 81, loopback: false }],
  ['https://localhost', { host: '127.0.0.1', port: 443, loopback: true, tls: { serverName: 'localhost' } }],
  ['https://a.example', { host: 'a.example', port: 443, loopback: false, tls: { serverName: 'a.example' } }],
  ['https://10.0.0.5:8443', { host: '10.0.0.5', port: 8443, loopback: false, tls: {} }],
])('clients of %s connect there, and ask for the name in it', async (gateway, place) => {
  expect(await readGatewayPlace({ gateway })).toEqual(place);
});

test('a name that is given counts in place of the one in the address, and gRPC clients have a port of their own', async () => {
  const gateway = 'https://a.example';
  const flags = { gateway, gatewayName: 'b.example', gatewayHttp2: `${gateway}:8443` };
  expect(await readGatewayPlace(flags)).toMatchObject({
    host: 'a.example',
    http2Port: 8443,
    tls: { serverName: 'b.example' },
  });
});
