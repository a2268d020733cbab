import { describe, expect, test } from 'vitest';
import { createClosing } from '../../../src/compose/closing.ts';

describe('closing', () => {
  test('ends each part after the one that was opened behind it has ended', async () => {
    const order: string[] = [];
    const closing = createClosing(() => undefined);
    for (const name of ['lock', 'store', 'edge']) {
      closing.add(async () => {
        order.push(`${name} begins`);
        await Promise.resolve();
        order.push(`${name} ends`);
      });
    }
    await closing.closeAll();
    expect(order).toEqual([
      'edge begins',
      'edge ends',
      'store begins',
      'store ends',
      'lock begins',
      'lock ends',
    ]);
  });

  test('ends the parts of a group, the last one first, in the place where the group was added', async () => {
    const order: string[] = [];
    const closing = createClosing(() => undefined);
    closing.add(() => order.push('store'));
    const group = closing.addGroup();
    closing.add(() => order.push('edge'));
    group.add(() => order.push('control'));
    group.add(() => order.push('admin'));
    await closing.closeAll();
    expect(order).toEqual(['edge', 'admin', 'control', 'store']);
  });

  test('ends every part, whatever the others throw, and tells each failure', async () => {
    const failures: unknown[] = [];
    const closed: string[] = [];
    const closing = createClosing((error) => failures.push(error));
    closing.add(() => closed.push('lock'));
    closing.add(() => Promise.reject(new Error('the store is gone')));
    closing.add(() => {
      throw new Error('the edge is gone');
    });
    await closing.closeAll();
    expect(closed).toEqual(['lock']);
    expect(failures.map(String)).toEqual(['Error: the edge is gone', 'Error: the store is gone']);
  });

  test('ends each part once, however often it is asked, and answers only when all has ended', async () => {
    let closed = 0;
    const { promise: slow, resolve: finish } = Promise.withResolvers<void>();
    const closing = createClosing(() => undefined);
    closing.add(() => {
      closed += 1;
      return slow;
    });
    const [first, second] = [closing.closeAll(), closing.closeAll()];
    let answered = false;
    void second.then(() => (answered = true));
    await new Promise(setImmediate);
    expect(answered).toBe(false);
    finish();
    await Promise.all([first, second]);
    expect(closed).toBe(1);
  });
});
