import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ERROR,
  FRAME_BYTES_MAX,
  PREFACE,
} from '../../../../../../src/edge/gateway/envoy-grpc/wire/frames.ts';
import { FrameReader } from '../../../../../../src/edge/gateway/envoy-grpc/wire/frame-reader.ts';
import { frame } from './raw-peer.ts';

interface Told {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: string;
}

function readAll(chunks: readonly Buffer[]): { readonly told: Told[]; readonly reader: FrameReader } {
  const told: Told[] = [];
  const reader = new FrameReader(({ type, flags, streamId, bytes, start, end }) => {
    told.push({ type, flags, streamId, payload: bytes.toString('hex', start, end) });
  });
  // Each chunk is overwritten once it was read, as a socket's may be.
  for (const chunk of chunks) {
    const copy = Buffer.from(chunk);
    reader.read(copy);
    copy.fill(0xa5);
  }
  return { told, reader };
}

const anyFrame = fc.record({
  type: fc.nat(255),
  flags: fc.nat(255),
  streamId: fc.nat(0x7fffffff),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom(0, 1, FRAME_BYTES_MAX).map((length) => new Uint8Array(length)),
  ),
});

describe('frames', () => {
  test('are the same however their bytes are cut into chunks', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 6 }), cuts, (frames, sizes) => {
        const bytes = Buffer.concat([
          PREFACE,
          ...frames.map(({ type, flags, streamId, payload }) => frame(type, flags, streamId, payload)),
        ]);
        const chunks: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          // A long frame is not cut into thousands of chunks.
          const end = at + (turn > 200 ? 9_000 : size);
          chunks.push(bytes.subarray(at, end));
          at = end;
        }
        const { told, reader } = readAll(chunks);
        expect(told).toEqual(
          frames.map(({ payload, ...rest }) => ({ ...rest, payload: Buffer.from(payload).toString('hex') })),
        );
        expect(reader.isMidFrame).toBe(false);
        expect(reader.frameCount).toBe(frames.length);
      }),
      { numRuns: 300 },
    );
  });

  test('that are longer than we allow are refused at their header, before a byte is kept', () => {
    const header = frame(0, 0, 1, Buffer.alloc(FRAME_BYTES_MAX + 1)).subarray(0, 9);
    const tooLong = expect.objectContaining({ code: ERROR.frameSize });
    expect(() => readAll([Buffer.concat([PREFACE, header])])).toThrow(tooLong);
    expect(() => readAll([PREFACE, header.subarray(0, 4), header.subarray(4)])).toThrow(tooLong);
  });

  test('are not waited for where the first byte is no HTTP/2', () => {
    expect(() => readAll([Buffer.from('G')])).toThrow(expect.objectContaining({ code: ERROR.protocol }));
    expect(() => readAll([PREFACE.subarray(0, 10), Buffer.from('x')])).toThrow(
      expect.objectContaining({ code: ERROR.protocol }),
    );
  });

  test('are let go with the chunk that they lay in, once their connection rests', () => {
    const seen: { readonly bytes: Buffer }[] = [];
    const reader = new FrameReader((told) => seen.push(told));
    const chunk = Buffer.concat([PREFACE, frame(0, 0, 1, Buffer.alloc(FRAME_BYTES_MAX))]);
    reader.read(chunk);
    expect(seen[0]?.bytes.buffer).toBe(chunk.buffer);
    reader.rest();
    expect(seen[0]?.bytes.buffer).not.toBe(chunk.buffer);
  });

  test('the highest bit of a stream’s id is reserved and says nothing', () => {
    const bytes = frame(0, 0, 1);
    bytes[5] = 0x80;
    expect(readAll([Buffer.concat([PREFACE, bytes])]).told[0]?.streamId).toBe(1);
  });
});
