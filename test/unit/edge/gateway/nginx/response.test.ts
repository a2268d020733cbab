import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toNginxAnswer } from '../../../../../src/edge/gateway/nginx/response.ts';
import { allowReply, denyReply } from '../../../../e2e/replies.ts';

describe('the answer to NGINX', () => {
  test('is 200 on an allow, 401 or 403 on a refusal, and carries the real status in a header', () => {
    expect(toNginxAnswer(allowReply()).status).toBe(200);
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), (status) => {
        const answer = toNginxAnswer(denyReply({ code: 'rate_limited', status }));
        expect(answer.status).toBe(status === 401 ? 401 : 403);
        expect(new Map(answer.headers).get('x-tollgate-status')).toBe(String(status));
        expect(answer.body).toBe('');
      }),
    );
  });

  test('carries the body to the byte in a header', () => {
    const reply = denyReply({ code: 'rate_limited', status: 429 });
    const carried = new Map(toNginxAnswer(reply).headers).get('x-tollgate-body') ?? '';
    expect(Buffer.from(carried, 'latin1').toString('utf8')).toBe(reply.body);
  });

  test('breaks no header by a body, whatever it holds', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const reply = { ...denyReply({ code: 'rate_limited', status: 429 }), body: `{\r\n\t"a": ${json}\n}` };
        const carried = new Map(toNginxAnswer(reply).headers).get('x-tollgate-body') ?? '';
        expect(carried).toMatch(/^[\x20-\x7e\x80-\xff]*$/);
        const text = Buffer.from(carried, 'latin1').toString('utf8');
        expect(JSON.parse(text)).toEqual(JSON.parse(reply.body));
      }),
    );
  });

  test('says the refusal’s content type by another name, for the answer has none', () => {
    const { headers } = toNginxAnswer(denyReply({ code: 'rate_limited', status: 429 }));
    const named = new Map(headers);
    expect(named.get('content-type')).toBeUndefined();
    expect(named.get('x-tollgate-content-type')).toBe('application/json');
  });

  test('sets no identity header without a value, so that the recipe takes a forged one away', () => {
    const upstreamSet = [
      ['x-account-id', 'acme'],
      ['x-tier', ''],
    ] as const;
    expect(toNginxAnswer(allowReply({ upstreamSet })).headers).toEqual([['x-account-id', 'acme']]);
  });
});
