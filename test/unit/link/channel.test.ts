import { describe, expect, test } from 'vitest';
import type { Channel } from '../../../src/link/channel.ts';
import { CARRIERS } from './carriers.ts';

describe.each(CARRIERS)('a channel: %s', (_, connect) => {
  test('delivers in order, what was sent before anybody listened included, and never within the sender’s turn', async () => {
    const [left, right] = connect();
    left.post(1);
    left.post(2);
    const { got, closed } = record(right);
    left.post(3);
    expect(got).toEqual([]);
    left.close();
    await closed;
    expect(got).toEqual([1, 2, 3]);
  });

  test('tells both ends of the end, each once', async () => {
    const [left, right] = connect();
    let told = 0;
    const ends = [left, right].map(
      (end) =>
        new Promise<void>((resolve) => {
          end.onMessage(() => undefined);
          end.onClose(() => {
            told += 1;
            resolve();
          });
        }),
    );
    left.close();
    right.close();
    left.close();
    await Promise.all(ends);
    await new Promise(setImmediate);
    expect(told).toBe(2);
  });

  test('delivers nothing to an end that has closed itself, and takes nothing from it', async () => {
    const [left, right] = connect();
    const { got } = record(left);
    const { got: far, closed } = record(right);
    right.post('late');
    left.close();
    left.post('too late');
    await closed;
    await new Promise(setImmediate);
    expect(got).toEqual([]);
    expect(far).toEqual([]);
  });
});

function record(channel: Channel): { readonly got: unknown[]; readonly closed: Promise<void> } {
  const got: unknown[] = [];
  channel.onMessage((message) => got.push(message));
  return { got, closed: new Promise((resolve) => channel.onClose(resolve)) };
}
