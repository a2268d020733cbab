import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEcho } from '../../../src/cli/echo.ts';
import type { Echo } from '../../../src/cli/echo.ts';

let echo: Echo;
let url: string;

beforeAll(async () => {
  echo = await startEcho(0);
  url = `http://127.0.0.1:${echo.port}`;
});

afterAll(() => echo.stop());

test('tells what it received', async () => {
  const response = await fetch(`${url}/a?b=c`, { method: 'POST', body: 'body', headers: { 'x-a': '1' } });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    method: 'POST',
    target: '/a?b=c',
    headers: { 'x-a': ['1'] },
    body: 'body',
  });
});

test('takes no body above its bound, and none without a length', async () => {
  const large = await fetch(url, { method: 'POST', body: 'x'.repeat(64 * 1024 + 1) }).catch(() => undefined);
  expect(large?.status ?? 413).toBe(413);
  const body = new Blob(['x']).stream();
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
  const chunked = await fetch(url, init).catch(() => undefined);
  expect(chunked?.status ?? 413).toBe(413);
});
