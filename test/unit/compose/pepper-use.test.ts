import { expect, test } from 'vitest';
import { tellPepperUse } from '../../../src/compose/pepper-use.ts';

const secret = new Uint8Array(32);

async function tell(keysOf: Readonly<Record<string, number>>): Promise<readonly unknown[]> {
  const told: unknown[] = [];
  const line = (level: string) => (message: string, fields?: unknown) =>
    void told.push([level, message, fields]);
  const log = { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
  const reads = {
    keysPerPepper: async () => Object.entries(keysOf).map(([pepperId, keys]) => ({ pepperId, keys })),
  };
  const retired = ['p2', 'p1'].map((id) => ({ id, secret }));
  await tellPepperUse(reads, { current: { id: 'p3', secret }, retired }, log);
  return told;
}

test('a start tells of every retired pepper whether it is still needed', async () => {
  expect(await tell({ p3: 10, p1: 2 })).toEqual([
    ['info', 'no key is digested under a retired pepper any more: it can go', { id: 'p2' }],
    ['info', 'keys are digested under a retired pepper until they are used', { id: 'p1', keys: 2 }],
  ]);
});

test('a start warns of keys that no check can find for want of their pepper', async () => {
  expect((await tell({ p3: 10, p0: 4 })).at(-1)).toEqual([
    'warn',
    'keys are digested under a pepper that is not configured: no check finds them',
    { id: 'p0', keys: 4 },
  ]);
});
