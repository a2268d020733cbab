import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/hub/store/sqlite/open.ts';
import type { Store } from '../../src/hub/store/store.ts';
import { describeStore } from './store.ts';

describeStore('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-store-'));
  const opened: Store[] = [];
  return {
    open(declared) {
      const store = openSqliteStore({
        path: join(folder, 'tollgate.db'),
        apiNames: ['alpha', 'beta'],
        ...(declared === undefined ? {} : { declared }),
      });
      opened.push(store);
      return store;
    },
    close() {
      for (const store of opened) store.close();
      rmSync(folder, { recursive: true });
    },
  };
});
