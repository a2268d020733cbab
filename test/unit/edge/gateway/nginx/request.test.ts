import { describe, expect, test } from 'vitest';
import type { HeaderLine } from '../../../../../src/lib/header-lines.ts';
import { fromNginxMessage } from '../../../../../src/edge/gateway/nginx/request.ts';
import { brokenLines, messageOf } from '../http/message.ts';

const LINES: readonly HeaderLine[] = [
  ['x-gateway-peer', '203.0.113.7'],
  ['x-gateway-request-id', 'f00d'],
  ['x-original-method', 'DELETE'],
  ['x-original-uri', '//a/..%2fb?q=1'],
  ['x-original-host', 'api.example.com'],
  ['host', 'tollgate'],
  ['x-api-key', 'one'],
  ['x-api-key', 'two'],
];
const FACTS = [
  'x-original-method',
  'x-original-uri',
  'x-original-host',
  'x-gateway-peer',
  'x-gateway-request-id',
];

describe('a question of NGINX', () => {
  test('is about what its headers say, and not about its own request line', () => {
    const asked = messageOf(LINES, { method: 'GET', target: '/question' });
    expect(fromNginxMessage(asked)).toMatchObject({
      gateway: 'nginx',
      gatewayRequestId: 'f00d',
      method: 'DELETE',
      target: '//a/..%2fb?q=1',
      host: 'api.example.com',
      peerAddress: '203.0.113.7',
    });
  });

  test('has the client’s headers line by line, and none of the question’s own', () => {
    const { headers } = fromNginxMessage(messageOf(LINES));
    expect([...headers.names()]).toEqual(['x-api-key']);
    expect(headers.all('x-api-key')).toEqual(['one', 'two']);
  });

  test.each(brokenLines(LINES, FACTS))('%s is no request with a method or a target', (_, lines) => {
    expect(fromNginxMessage(messageOf(lines, { method: 'GET', target: '/' }))).toMatchObject({
      method: '',
      target: '',
      peerAddress: '',
      gatewayRequestId: '',
    });
  });

  test.each(['x-forwarded-method', 'x-forwarded-uri', 'x-forwarded-host', 'x-original-url', 'x-rewrite-url'])(
    'is not about what %s says',
    (name) => {
      expect(fromNginxMessage(messageOf([...LINES, [name, '/forged']]))).toMatchObject({
        method: 'DELETE',
        target: '//a/..%2fb?q=1',
        host: 'api.example.com',
      });
    },
  );
});
