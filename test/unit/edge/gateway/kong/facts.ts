import type { GatewayMessage } from '../../../../../src/edge/gateway/http/dialect.ts';
import type { AuthzRequest } from '../../../../../src/domain/request.ts';
import { fromKongMessage } from '../../../../../src/edge/gateway/kong/request.ts';

/** A message of the plugin, as it is for a plain request; `undefined` leaves a member out. */
export function factsWith(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: '7d0d8f0e-6f1d-4b6a-9c0a-1b2c3d4e5f60',
    time: '1770206400.123',
    method: 'GET',
    raw_target: '/v1/things?q=%2f',
    path: '/v1/things',
    host: 'api.example.com',
    peer: '192.0.2.9',
    client: '192.0.2.9',
    timeout_ms: 500,
    api: 'example',
    headers: ['host', 'api.example.com'],
    ...changes,
  };
}

/** The message on the wire: one byte a character, as the plugin's encoder passes bytes on. */
export function messageWith(changes: Readonly<Record<string, unknown>> = {}): Buffer {
  return Buffer.from(JSON.stringify(factsWith(changes)), 'latin1');
}

/** A question with this body. */
export function posted(body: Buffer): GatewayMessage {
  return { method: 'POST', target: '/v1/kong', lines: [], body };
}

/** The request that such a message asks about. Throws where it asks about none. */
export function readRequest(changes: Readonly<Record<string, unknown>> = {}): AuthzRequest {
  const request = fromKongMessage(posted(messageWith(changes)));
  if (request === undefined) throw new Error('unreadable');
  return request;
}
