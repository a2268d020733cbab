import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenStreams } from '../../../../../../src/edge/gateway/envoy-grpc/wire/open-streams.ts';
import { NO_LENGTH } from '../../../../../../src/edge/gateway/envoy-grpc/wire/request-head.ts';
import { Stream } from '../../../../../../src/edge/gateway/envoy-grpc/wire/stream.ts';

const HEAD = {
  method: undefined,
  timeoutMs: Infinity,
  contentLength: NO_LENGTH,
  refusal: undefined,
  isTooLong: false,
};

/** Opens the next stream, or ends the one at this share of those that are open. */
const step = fc.oneof(fc.constant('open' as const), fc.double({ min: 0, max: 0.999, noNaN: true }));

test('open streams are found, counted and told in the order in which they opened, whichever end first', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const streams = new OpenStreams();
      const expected: Stream[] = [];
      let lastId = -1;
      for (const what of steps) {
        if (what === 'open') {
          lastId += 2;
          const stream = new Stream({ id: lastId, head: HEAD, windowIn: 1, windowOut: 1, nowMs: 0 });
          streams.add(stream);
          expected.push(stream);
        } else {
          for (const ended of expected.splice(Math.floor(what * expected.length), 1)) {
            streams.remove(ended);
            expect(streams.find(ended.id)).toBeUndefined();
          }
        }
        expect([...streams]).toEqual(expected);
        expect(streams.size).toBe(expected.length);
        for (const stream of expected) expect(streams.find(stream.id)).toBe(stream);
      }
    }),
  );
});

test('all of them may end while they are told', () => {
  const streams = new OpenStreams();
  for (const id of [1, 3, 5])
    streams.add(new Stream({ id, head: HEAD, windowIn: 1, windowOut: 1, nowMs: 0 }));
  const told: number[] = [];
  for (const stream of streams) {
    told.push(stream.id);
    streams.remove(stream);
  }
  expect(told).toEqual([1, 3, 5]);
  expect(streams.size).toBe(0);
});
