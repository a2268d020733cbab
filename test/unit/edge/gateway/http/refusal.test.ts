import { describe, expect, test } from 'vitest';
import type { Reply } from '../../../../../src/domain/reply.ts';
import { OUTAGE, requireSound } from '../../../../../src/edge/gateway/http/refusal.ts';
import { allowReply, denyReply } from '../../../../e2e/replies.ts';

const DENIED = denyReply({ code: 'rate_limited', status: 429 });

describe('a reply that must not be worded', () => {
  test.each<[string, Reply]>([
    ['allows with a reason to refuse', { ...DENIED, allowed: true }],
    ['refuses without one', { ...allowReply(), allowed: false }],
    ['refuses with 200', { ...DENIED, status: 200 }],
    ['refuses with 302', { ...DENIED, status: 302 }],
    ['refuses with 600', { ...DENIED, status: 600 }],
    ['refuses with no number', { ...DENIED, status: Number.NaN }],
    ['breaks a line in a value', { ...DENIED, clientHeaders: [['a', 'b\r\nset-cookie: c']] }],
    ['holds a NUL in a value', { ...DENIED, clientHeaders: [['a', 'b\0']] }],
    ['holds more than ASCII in a value', { ...DENIED, clientHeaders: [['a', 'é']] }],
    ['breaks a line in a name', { ...DENIED, clientHeaders: [['a\nb', 'c']] }],
    ['frames the answer', { ...DENIED, clientHeaders: [['content-length', '0']] }],
    ['ends the connection', { ...DENIED, clientHeaders: [['connection', 'close']] }],
    ['sets the host upstream', allowReply({ upstreamSet: [['host', 'x']] })],
    ['sets a pseudo header upstream', allowReply({ upstreamSet: [[':path', '/x']] })],
    ['removes a framing header', allowReply({ upstreamRemove: ['transfer-encoding'] })],
    ['removes several by one name', allowReply({ upstreamRemove: ['a,b'] })],
  ])('is one that %s', (_, reply) => {
    expect(() => requireSound(reply)).toThrow();
  });

  test('is neither an ordinary allow, nor a refusal, nor an outage', () => {
    for (const reply of [allowReply(), DENIED, OUTAGE]) expect(() => requireSound(reply)).not.toThrow();
    expect(OUTAGE.allowed).toBe(false);
  });
});
