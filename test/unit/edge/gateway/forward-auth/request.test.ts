import { describe, expect, test } from 'vitest';
import { fromForwardedMessage } from '../../../../../src/edge/gateway/forward-auth/request.ts';
import type { HeaderLine } from '../../../../../src/lib/header-lines.ts';
import { brokenLines, messageOf } from '../http/message.ts';

const LINES: readonly HeaderLine[] = [
  ['x-forwarded-method', 'PUT'],
  ['x-forwarded-uri', '/a/../b?q=1'],
  ['x-forwarded-host', 'api.example.com'],
  ['x-forwarded-for', '203.0.113.7'],
  ['x-forwarded-proto', 'https'],
  ['host', 'tollgate:9001'],
  ['authorization', 'Bearer k'],
];
const FACTS = ['x-forwarded-method', 'x-forwarded-uri', 'x-forwarded-host', 'x-forwarded-for'];

describe('a forwarded question', () => {
  test('is about what its headers say, and not about its own request line', () => {
    const asked = messageOf(LINES, { method: 'GET', target: '/question?q=1' });
    expect(fromForwardedMessage(asked)).toMatchObject({
      gateway: 'forward-auth',
      gatewayRequestId: '',
      method: 'PUT',
      target: '/a/../b?q=1',
      host: 'api.example.com',
      peerAddress: '203.0.113.7',
    });
  });

  test('has the client’s headers, and the addresses for whoever counts trusted proxies', () => {
    const { headers } = fromForwardedMessage(messageOf(LINES));
    expect([...headers.names()]).toEqual(['x-forwarded-for', 'authorization']);
  });

  test.each([
    ['198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['198.51.100.1,203.0.113.7', '203.0.113.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['', ''],
    ['203.0.113.7,', ''],
  ])('comes from the last address of %j', (addresses, peer) => {
    const lines = LINES.filter(([name]) => name !== 'x-forwarded-for');
    const { peerAddress } = fromForwardedMessage(messageOf([...lines, ['x-forwarded-for', addresses]]));
    expect(peerAddress).toBe(peer);
  });

  test.each(brokenLines(LINES, FACTS))('%s is no request with a method or a target', (_, lines) => {
    expect(fromForwardedMessage(messageOf(lines))).toMatchObject({ method: '', target: '', peerAddress: '' });
  });

  test.each(['x_account_id', 'x.account.id', 'x_forwarded_uri', 'x!tier', 'authori_zation', 'x~y', 'é'])(
    'with a header named %s is refused as a whole, for these gateways cannot take it away',
    (name) => {
      expect(fromForwardedMessage(messageOf([...LINES, [name, 'forged']]))).toMatchObject({
        method: '',
        target: '',
        host: 'api.example.com',
      });
    },
  );

  test.each(['x-original-method', 'x-original-uri', 'x-original-host', 'x-gateway-request-id', 'forwarded'])(
    'is not about what %s says',
    (name) => {
      expect(fromForwardedMessage(messageOf([...LINES, [name, '/forged']]))).toMatchObject({
        gatewayRequestId: '',
        method: 'PUT',
        target: '/a/../b?q=1',
        host: 'api.example.com',
      });
    },
  );
});
