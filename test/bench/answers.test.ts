import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { CheckResponse } from '@envoyproxy/ext-authz-types';
import { describe, expect, test } from 'vitest';
import { judgeAllow, judgeBareAllow, judgeRateLimit, judgeRefusal } from './answers.ts';
import { framedRateLimitOf } from './ratelimit-request.ts';

const EMPTY = CheckResponse.decode(new Uint8Array());
const BODY = '{"error":{"code":"unauthorized","message":"Invalid API key"}}';

describe('an answer is judged', () => {
  test('as a refusal where code, status and body are those of an unknown key', () => {
    expect(() => judgeRefusal(refusal({ code: 16, status: 401, body: BODY }))).not.toThrow();
  });

  test.each([
    ['that is empty, and so allows', new Uint8Array()],
    ['without a code, which allows whatever else it says', refusal({ code: 0, status: 401, body: BODY })],
    ['with another status', refusal({ code: 16, status: 403, body: BODY })],
    ['with another body', refusal({ code: 16, status: 401, body: '{}' })],
    ['that allows', allow(5)],
  ])('as no refusal %s', (_, answer) => {
    expect(() => judgeRefusal(answer)).toThrow('an unknown key was');
  });

  test('as an allow where it has the code and the headers of one', () => {
    expect(() => judgeAllow(allow(5))).not.toThrow();
  });

  test.each([
    ['that is empty', new Uint8Array(), 'not allowed'],
    ['with too few headers', allow(4), 'fewer than 5'],
    ['that refuses', refusal({ code: 16, status: 401, body: BODY }), 'refused by 401'],
    ['that refuses and forgot its code', refusal({ code: 0, status: 503, body: '' }), 'refused by 503'],
  ])('as no allow %s', (_, answer, fault) => {
    expect(() => judgeAllow(answer)).toThrow(fault);
  });

  test('as no bare allow where it has another code', () => {
    expect(() => judgeBareAllow(allow(0))).not.toThrow();
    expect(() => judgeBareAllow(refusal({ code: 16, status: 401, body: BODY }))).toThrow('not allowed');
  });

  test('as taken from two limits where both say so', () => {
    expect(() => judgeRateLimit(limits(1, [1, 1]))).not.toThrow();
  });

  test.each([
    ['is empty', new Uint8Array()],
    ['is over one', limits(2, [1, 2])],
    ['knows one alone', limits(1, [1])],
    ['knows a limit of none', limits(1, [1, 0])],
  ])('as not taken from two limits where it %s', (_, answer) => {
    expect(() => judgeRateLimit(answer)).toThrow('limits answered');
  });
});

test('a question for limits alone names the key under each of them', () => {
  const [minute, day] = ['0a06 6d696e757465 1201 6b', '0a03 646179 1201 6b'];
  const message = `0a05 62656e6368 120d 0a0b ${minute} 120a 0a08 ${day}`.replaceAll(' ', '');
  expect(Buffer.from(framedRateLimitOf('k')).toString('hex')).toBe(`0000000022${message}`);
});

interface Refusal {
  readonly code: number;
  readonly status: number;
  readonly body: string;
}

function refusal({ code, status, body }: Refusal): Uint8Array {
  const value = { status: { code: status }, headers: [], body };
  const httpResponse = { $case: 'deniedResponse' as const, value };
  return CheckResponse.encode({ ...EMPTY, status: { code, message: '' }, httpResponse }).finish();
}

/** CheckResponse{ status { }, ok_response { headers { header { key } } … } }, as other programs write it: a code of 0 is not sent. */
function allow(headerCount: number): Uint8Array {
  const option = '0a050a03782d79';
  const headers = Array.from({ length: headerCount }, () => `1207${option}`).join('');
  const length = (headers.length / 2).toString(16).padStart(2, '0');
  return Buffer.from(`0a001a${length}${headers}`, 'hex');
}

function limits(overall: number, codes: readonly number[]): Uint8Array {
  const writer = new BinaryWriter().uint32(1 << 3).int32(overall);
  for (const code of codes) {
    writer.uint32((2 << 3) | 2).fork();
    writer.uint32(1 << 3).int32(code);
    writer.join();
  }
  return writer.finish();
}
