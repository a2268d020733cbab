import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import packageFile from '../../../package.json' with { type: 'json' };
import { VERSION } from '../../../src/telemetry/version.ts';
import { renderGenerated } from '../../docs/generated.ts';

test("the README's table of metrics, the board and the alerts are what the code says; `npm run docs` writes them", async () => {
  for (const [path, text] of await renderGenerated()) expect(readFileSync(path, 'utf8'), path).toBe(text);
});

test('the version in the metrics is the one of package.json', () => {
  expect(VERSION).toBe(packageFile.version);
});
