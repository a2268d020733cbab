import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import packageFile from '../../../package.json' with { type: 'json' };
import { VERSION } from '../../../src/telemetry/version.ts';
import { README, renderReadme } from '../../docs/readme.ts';

test('the README has the table of metrics that the code has; `npm run docs` writes it', async () => {
  expect(readFileSync(README, 'utf8')).toBe(await renderReadme());
});

test('the version in the metrics is the one of package.json', () => {
  expect(VERSION).toBe(packageFile.version);
});
