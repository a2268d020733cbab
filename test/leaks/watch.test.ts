import { execFile } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const CONFIG = fileURLToPath(new URL('fixture/vitest.config.ts', import.meta.url));

/** Of a run of tests that leak on purpose. */
describe('a run of tests after which secrets stand where others may read them', () => {
  let code: unknown;
  let stderr = '';

  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      const env = { PATH: process.env['PATH'], TMPDIR: tmpdir(), NO_COLOR: '1' };
      execFile(process.execPath, [VITEST, 'run', '--config', CONFIG], { env }, (error, _, written) => {
        code = error?.code;
        stderr = written;
        resolve();
      });
    });
  });

  afterAll(() => {
    for (const name of readdirSync(tmpdir())) {
      if (name.startsWith('tollgate-leaking-')) rmSync(join(tmpdir(), name), { recursive: true });
    }
  });

  test('fails', () => {
    expect(code).toBe(1);
  });

  test.each([
    ['leaves a key in a file', /tollgate\.db-wal: an issued key/],
    ['leaves a pepper in a file', /tollgate\.db: the secret of a file pepper/],
    ['leaves a key in what a process writes', /stderr of .*: an issued key/],
    ['leaves a key on the console', /console\.log: an issued key/],
    ['leaves a key in the log', /the log: an issued key/],
    ['leaves a key in the metrics', /\/metrics: an issued key/],
  ])('fails the test that %s, and says where', (name, leak) => {
    const failure = stderr.split('FAIL').find((part) => part.includes(`leaking.ts > ${name}`));
    expect(failure).toMatch(leak);
  });

  test('fails the file whose folder was left behind', () => {
    const failure = stderr.split('FAIL').find((part) => /leaking\.ts \[/.test(part));
    expect(failure).toMatch(/left: an issued key/);
  });

  test('fails no test that keeps its secrets to itself', () => {
    expect(stderr).not.toContain('keeps to itself');
  });
});
