import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/hub/store/sqlite/open.ts';
import type { Store } from '../../src/hub/store/store.ts';
import { describeStoreAudit } from './store-audit.ts';
import { describeStoreSessions } from './store-sessions.ts';
import { describeStore } from './store.ts';
import type { StoreWorld } from './store.ts';

function createWorld(): StoreWorld {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-store-'));
  const opened: Store[] = [];
  return {
    open(declared, sessionBounds = {}) {
      const store = openSqliteStore({
        path: join(folder, 'tollgate.db'),
        apiNames: ['alpha', 'beta'],
        sessionBounds,
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
}

describeStore('SQLite', createWorld);
describeStoreAudit('SQLite', createWorld);
describeStoreSessions('SQLite', createWorld);
