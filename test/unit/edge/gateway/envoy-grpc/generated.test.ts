import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));
const PACKAGE = 'src/edge/gateway/envoy-grpc/ext-authz-types';
const BIN = join(ROOT, 'node_modules', '.bin');
const GENERATE_MS = 30_000;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-generate-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function readTree(root: string): Map<string, string> {
  const paths = globSync('**/*.ts', { cwd: join(root, PACKAGE, 'generated') }).sort();
  return new Map(paths.map((path) => [path, readFileSync(join(root, PACKAGE, 'generated', path), 'utf8')]));
}

test('what is committed is what the generator makes of the proto files', async () => {
  await promisify(execFile)(
    join(BIN, 'buf'),
    ['generate', '--template', `${PACKAGE}/buf.gen.yaml`, '--output', folder, PACKAGE],
    {
      cwd: ROOT,
      env: { ...process.env, PATH: `${BIN}${delimiter}${process.env['PATH'] ?? ''}` },
      timeout: GENERATE_MS,
    },
  );
  const committed = readTree(ROOT);
  expect(committed.size).toBeGreaterThan(3);
  expect(readTree(folder)).toEqual(committed);
});
