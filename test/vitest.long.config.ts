import { defineConfig } from 'vitest/config';
import { SkipsReporter } from './skips.ts';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.long.test.ts'],
    globalSetup: ['test/temporary-folder.ts'],
    setupFiles: ['test/leaks/setup.ts', 'test/overwritten-reads.ts'],
    testTimeout: 600_000,
    hookTimeout: 120_000,
    reporters: ['default', new SkipsReporter()],
    pool: 'forks',
    maxWorkers: 1,
  },
});
