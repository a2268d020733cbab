import { describe, expect, test } from 'vitest';
import { createHttpEntrances, listGateways, toHttpPlaces } from '../../../src/compose/http-entrances.ts';
import type { HttpPlace } from '../../../src/compose/http-entrances.ts';
import { createStrangerLog } from '../../../src/compose/stranger-log.ts';
import type { Note } from '../../../src/domain/report.ts';
import { HTTP_DIALECTS } from '../../../src/domain/request.ts';
import { denyReply } from '../../e2e/replies.ts';
import { createTestClock } from '../../world.ts';

const REFUSAL = denyReply({ code: 'unavailable', status: 503 });
const SHARED = {
  answer: () => REFUSAL,
  refuse: () => REFUSAL,
  onBug: () => undefined,
  onRefused: () => undefined,
  onStranger: () => undefined,
  checksMax: 1,
};
const at = (dialect: HttpPlace['dialect'], listen = '127.0.0.1:0'): HttpPlace => ({
  dialect,
  listen,
  socketMode: 0o660,
});

describe('the entrances of an edge', () => {
  test('get their secrets by their place in the list', () => {
    const entry = { listen: '127.0.0.1:1', dialect: 'nginx', socketMode: 0o660 } as const;
    const tls = { certificate: 'c' };
    expect(
      toHttpPlaces([entry, { ...entry, tls }], [{ token: 'one' }, { token: 'two', tlsKey: 'k' }]),
    ).toEqual([
      { ...entry, token: 'one' },
      { ...entry, token: 'two', tls: { certificate: 'c', key: 'k' } },
    ]);
  });

  test('do not open with a certificate whose key is missing', () => {
    const entry = { ...at('nginx'), tls: { certificate: 'c' } };
    expect(() => toHttpPlaces([entry], [{}])).toThrow('without its key');
  });

  test('are counted by their dialects, each once, beside gRPC', () => {
    expect(listGateways([])).toEqual(['envoy-grpc']);
    expect(listGateways([at('nginx'), at('kong'), at('nginx')])).toEqual(['envoy-grpc', 'nginx', 'kong']);
  });

  test('start in the order of the list, one for every dialect there is', async () => {
    const entrances = createHttpEntrances(
      HTTP_DIALECTS.map((dialect) => at(dialect)),
      SHARED,
    );
    const addresses = await entrances.start();
    await entrances.stop(100);
    expect(addresses.map(({ dialect }) => dialect)).toEqual(HTTP_DIALECTS);
    expect(new Set(addresses.map(({ address }) => address)).size).toBe(HTTP_DIALECTS.length);
  });

  test('that were open are closed again where a later one cannot open', async () => {
    const entrances = createHttpEntrances([at('nginx'), at('kong', 'unix:/nowhere/x.sock')], SHARED);
    await expect(entrances.start()).rejects.toThrow('cannot listen on unix:/nowhere/x.sock');
    // Else this file would never end.
    await entrances.stop(100);
  });
});

describe('strangers at an entrance', () => {
  test('are told of at once, then once in ten minutes with their number', () => {
    const clock = createTestClock(0);
    const notes: Note[] = [];
    const onStranger = createStrangerLog('check.http', clock, (note) => notes.push(note));
    for (let count = 0; count < 5; count += 1) onStranger();
    expect(notes.map(({ level, fields }) => [level, fields])).toEqual([['warn', { count: 1 }]]);
    clock.advance(10 * 60_000);
    onStranger();
    expect(notes.map(({ fields }) => fields)).toEqual([{ count: 1 }, { count: 5 }]);
  });
});
