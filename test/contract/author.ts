import type { Authorship } from '../../src/hub/store/audit.ts';

/** Whoever changes something in a test that is not about authors. */
export const BY: Authorship = {
  actor: 'cli:tester',
  source: 'cli-store',
  requestId: '',
  action: 'account.set',
  atMs: Date.UTC(2026, 10, 22, 12),
};
