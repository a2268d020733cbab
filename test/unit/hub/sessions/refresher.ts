import { randomBytes } from 'node:crypto';
import type { Api } from '../../../../src/domain/policy.ts';
import { createSessionEngine } from '../../../../src/hub/sessions/create-session-engine.ts';
import { createSigningKeys } from '../../../../src/hub/sessions/signing-keys.ts';
import { openSqliteStore } from '../../../../src/hub/store/sqlite/open.ts';
import type { StoreWrites } from '../../../../src/hub/store/store.ts';
import { createSealer } from '../../../../src/lib/seal.ts';

/** What the process is to do: refresh one token and print the answer, die without a word once the new token is committed, or go on until it is killed. */
export interface Errand {
  readonly path: string;
  readonly api: Api;
  readonly refreshToken: string;
  readonly nowMs: number;
  readonly dies: 'never' | 'between_commit_and_answer' | 'when_killed';
  /** As in the test's world. */
  readonly pepper: string;
  readonly sealing: string;
}

const errand = JSON.parse(process.argv[2] ?? '{}') as Errand;
const store = openSqliteStore({ path: errand.path, apiNames: ['alpha', 'beta'] });
const rotateSession: StoreWrites['rotateSession'] = async (rotation, by) => {
  const rotated = await store.writes.rotateSession(rotation, by);
  if (errand.dies === 'between_commit_and_answer') process.kill(process.pid, 'SIGKILL');
  return rotated;
};
const sealing = { current: { id: 's1', secret: Buffer.from(errand.sealing, 'hex') }, retired: [] };
const engine = createSessionEngine({
  writes: { ...store.writes, rotateSession },
  signing: createSigningKeys({ ...store, sealer: createSealer(sealing) }),
  peppers: { current: { id: 'p1', secret: Buffer.from(errand.pepper, 'hex') }, retired: [] },
  clock: { now: () => ({ wallMs: errand.nowMs, monotonicMs: 0 }) },
  random: (byteCount) => randomBytes(byteCount),
  onReused: () => undefined,
});
/** More than any test waits for. */
const REFRESHES_MAX = errand.dies === 'when_killed' ? 100_000 : 1;
let { refreshToken } = errand;
for (let turn = 0; turn < REFRESHES_MAX; turn += 1) {
  const answer = await engine.refresh(errand.api, { refreshToken });
  await new Promise((written) => process.stdout.write(`${JSON.stringify(answer)}\n`, written));
  if (answer.result === 'granted') refreshToken = answer.tokens.refreshToken ?? '';
}
store.close();
