import { expect, test } from 'vitest';
import { createLonelyEdge, documentedPolicy } from './documented-edge.ts';

test('the end of an edge waits until its charges are settled, and says where they were not', async () => {
  const settling = Promise.withResolvers<boolean>();
  const asked = Promise.withResolvers<void>();
  const edge = createLonelyEdge(documentedPolicy(), {
    settleCharges() {
      asked.resolve();
      return settling.promise;
    },
  });
  await edge.start();
  let ended = false;
  const stopped = edge.stop(0).finally(() => (ended = true));
  await asked.promise;
  await new Promise(setImmediate);
  expect(ended).toBe(false);
  settling.resolve(false);
  const { notes } = await stopped;
  expect(notes).toEqual([
    { level: 'warn', message: 'not all late charges were booked back at the end', fields: {} },
  ]);
});

test('the end of an edge says nothing of charges that were settled', async () => {
  const edge = createLonelyEdge(documentedPolicy());
  await edge.start();
  expect((await edge.stop(0)).notes).toEqual([]);
});
