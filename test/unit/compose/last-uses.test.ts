import { expect, onTestFinished, test, vi } from 'vitest';
import { fromPlainRequest } from '../../../src/domain/request.ts';
import type { PlainRequest } from '../../../src/domain/request.ts';
import { DOCUMENTED, startCaseApp } from '../../cases/app.ts';

const START_MS = Date.UTC(2026, 10, 22, 12);
const SECOND_MS = 1_000;

function requestOf(key: string): PlainRequest {
  return {
    gateway: 'envoy-grpc',
    gatewayRequestId: '',
    gatewayTime: '',
    method: 'GET',
    target: '/v1/models',
    host: 'api.freddy.aitronos.com',
    namedApi: '',
    peerAddress: '127.0.0.1',
    headers: [['api-key', key]],
  };
}

test('the store hears of last uses every fifteen seconds, however often the edge reports; an inspection knows them at once', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const fake = globalThis.setInterval;
  // A real loop comes a little late to each report, and so sooner or later to none when last uses are due.
  vi.spyOn(globalThis, 'setInterval').mockImplementation((tell, ms) =>
    fake(tell, ms === SECOND_MS ? SECOND_MS + 10 : ms),
  );
  onTestFinished(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
  const started = await startCaseApp(DOCUMENTED, START_MS);
  onTestFinished(() => started.stop());
  const { app } = started;
  await app.operations.createAccount({ api: 'freddy', id: 'acme' });
  const { id, key } = await app.operations.createKey({ api: 'freddy', account: 'acme', name: 'own' });
  const lastUse = async () => (await app.operations.showKey({ api: 'freddy', id })).last_used_at;
  expect(await app.answer?.(fromPlainRequest(requestOf(key)))).toMatchObject({ code: 'ok' });
  await vi.advanceTimersByTimeAsync(14 * SECOND_MS);
  await new Promise(setImmediate);
  expect(await lastUse()).toBeNull();
  expect(await app.inspect(requestOf(key))).toMatchObject({ lastUsedMs: START_MS });
  await vi.advanceTimersByTimeAsync(SECOND_MS);
  await new Promise(setImmediate);
  expect(await lastUse()).toBe('2026-11-22T12:00:00Z');
  expect(await app.inspect(requestOf(key))).toMatchObject({ lastUsedMs: START_MS });
});
