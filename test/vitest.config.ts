import { defineConfig } from 'vitest/config';
import { SkipsReporter } from './skips.ts';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/*.long.test.ts', 'node_modules/**'],
    globalSetup: ['test/temporary-folder.ts'],
    setupFiles: ['test/leaks/setup.ts', 'test/overwritten-reads.ts', 'test/property-seed.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', new SkipsReporter()],
    pool: 'forks',
    maxWorkers: 2,
  },
});
