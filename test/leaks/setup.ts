import { afterAll, afterEach, vi } from 'vitest';
import type * as Logging from '../../src/telemetry/log.ts';
import { createWatch } from './watch.ts';

/*
 * Runs before every test file: a test after which a secret stands where others may read it fails, by its name.
 */
const watch = createWatch();

vi.mock('../../src/telemetry/log.ts', async (importOriginal) => {
  const original = await importOriginal<typeof Logging>();
  const createLog: typeof original.createLog = (options) =>
    original.createLog({
      ...options,
      write(line) {
        watch.saw('the log', line);
        options.write(line);
      },
    });
  return { ...original, createLog };
});

function requireNone(leaks: readonly string[]): void {
  if (leaks.length > 0) throw new Error(`secrets stand where others may read them:\n${leaks.join('\n')}`);
}

// Hooks end in reverse order: these come after those of the file, which stop servers and remove folders.
afterEach(() => requireNone(watch.takeLeaks()));
afterAll(() => requireNone(watch.takeLastLeaks()));
