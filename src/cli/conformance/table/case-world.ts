import type { NewAccount, NewKey, Operations } from '../../../domain/operations.ts';
import type { MovableClock } from '../clock.ts';
import type { LoadedCase } from './load.ts';
import type { AccountText, KeyText, RequestStep, Step } from './schema.ts';
import { DeskRefused, openDesk } from './sessions.ts';
import type { DeskPlace, NamedSession, SessionDesk } from './sessions.ts';
import { findTokenText, signToken } from './tokens.ts';
import { durationMs, fill, isoSeconds, neverIssued } from './words.ts';

interface Named {
  readonly api: string;
  readonly id: string;
}

interface NamedKey extends Named {
  readonly key: string;
}

/** What one case has to itself: its accounts and keys, and the means to change them. */
export interface CaseWorld {
  readonly loaded: LoadedCase;
  readonly operations: Operations;
  readonly clock: MovableClock;
  readonly accounts: Map<string, Named>;
  readonly keys: Map<string, NamedKey>;
  /** Those that the case has asked for, signed. */
  readonly tokens: Map<string, string>;
  readonly sessions: Map<string, NamedSession>;
  readonly desk: SessionDesk;
  /** Told of every token that the case signs. */
  readonly onToken: ((token: string) => void) | undefined;
}

/** By what a case changes the world. */
export interface WorldMeans extends DeskPlace {
  readonly operations: Operations;
  readonly clock: MovableClock;
}

/** The first case begins at noon, UTC, on 4 February 2026; every further one in the next month, so that no case sees another's month. */
const FIRST_YEAR = 2026;
const FIRST_MONTH = 1;

/** When the first case begins. */
export const TABLE_START_MS = Date.UTC(FIRST_YEAR, FIRST_MONTH, 4, 12);

function startOf({ index, text }: LoadedCase): number {
  const month = FIRST_MONTH + index;
  return text.starts === 'last_second_of_the_month'
    ? Date.UTC(FIRST_YEAR, month + 1, 1) - 1_000
    : Date.UTC(FIRST_YEAR, month, 4, 12);
}

/** Moves the clock to the case's start and makes its accounts and keys. */
export async function createCaseWorld(loaded: LoadedCase, means: WorldMeans): Promise<CaseWorld> {
  const { operations, clock } = means;
  const ahead = startOf(loaded) - clock.now().wallMs;
  if (ahead < 0) throw new Error('the case before took more than its month');
  clock.advance(ahead);
  const world: CaseWorld = {
    loaded,
    operations,
    clock,
    accounts: new Map(),
    keys: new Map(),
    tokens: new Map(),
    sessions: new Map(),
    desk: openDesk(loaded.file, means),
    onToken: means.onToken,
  };
  for (const [ref, text] of Object.entries({ ...loaded.file.accounts, ...loaded.text.accounts })) {
    const account = toAccount(text, { api: loaded.file.api, id: `case-${loaded.index}-${ref}` }, world);
    await operations.createAccount(account);
    world.accounts.set(ref, account);
  }
  for (const [ref, text] of Object.entries({ ...loaded.file.keys, ...loaded.text.keys })) {
    world.keys.set(ref, await makeKey(toKey(text, ref, { loaded, world }), text.imported, operations));
  }
  for (const [ref, key] of Object.entries(loaded.text.sessions)) {
    world.sessions.set(ref, await world.desk.exchange(find(world.keys, key).key));
  }
  return world;
}

/** The token of that name, signed when it is first asked for. */
function findToken(ref: string, world: CaseWorld): string {
  const known = world.tokens.get(ref);
  if (known !== undefined) return known;
  const signed = signToken(findTokenText(ref, world.loaded), {
    nowMs: world.clock.now().wallMs,
    fill: (text) => fill(text, (word) => findWord(word, world.loaded, world)),
    keyOf: (key) => find(world.keys, key).key,
  });
  world.onToken?.(signed);
  world.tokens.set(ref, signed);
  return signed;
}

async function makeKey(
  input: NewKey,
  imported: string | undefined,
  operations: Operations,
): Promise<NamedKey> {
  if (imported === undefined) return operations.createKey(input);
  const [view] = await operations.importKeys([{ ...input, key: imported }]);
  if (view === undefined) throw new Error('the import made nothing');
  return { ...view, key: imported };
}

function toAccount(text: AccountText, named: Named, world: CaseWorld): NewAccount {
  const { api, trial_ends_in, ...rest } = text;
  return defined({ ...named, ...rest, api: api ?? named.api, trialEnds: timeIn(trial_ends_in, world) });
}

function toKey(
  text: KeyText,
  ref: string,
  { loaded, world }: { readonly loaded: LoadedCase; readonly world: CaseWorld },
): NewKey {
  const { api, account, allow_ips, expires_in, imported: _, ...rest } = text;
  return defined({
    ...rest,
    api: api ?? loaded.file.api,
    account: find(world.accounts, account).id,
    name: ref,
    allowIps: allow_ips,
    expiresAt: timeIn(expires_in, world),
  });
}

/** Everything a step may do that is not a request. */
export async function changeWorld(step: Exclude<Step, RequestStep>, world: CaseWorld): Promise<void> {
  const { operations, clock } = world;
  if ('advance' in step) return clock.advance(durationMs(step.advance));
  if ('jump' in step) return clock.jump(durationMs(step.jump));
  if ('advance_to' in step) return clock.advance(nextMonth(clock.now().wallMs) - clock.now().wallMs);
  if ('revoke' in step) {
    await operations.revokeKey(find(world.keys, step.revoke));
  } else if ('rotate' in step) {
    const { key, as, overlap } = step.rotate;
    world.keys.set(as, await operations.rotateKey(find(world.keys, key), durationMs(overlap)));
  } else if ('grant' in step) {
    const { account, ...grant } = step.grant;
    await operations.grantCredits(find(world.accounts, account), defined(grant));
  } else if ('set_account' in step) {
    const { account, trial_ends_in, ...change } = step.set_account;
    const trialEnds = timeIn(trial_ends_in, world);
    await operations.setAccount(find(world.accounts, account), defined({ ...change, trialEnds }));
  } else if ('set_key' in step) {
    await setKey(step.set_key, world);
  } else {
    await changeSessions(step, world);
  }
}

async function changeSessions(step: Exclude<Step, RequestStep>, world: CaseWorld): Promise<void> {
  const { desk, sessions } = world;
  if ('sign' in step) {
    world.tokens.delete(step.sign);
    findToken(step.sign, world);
  } else if ('exchange' in step) {
    sessions.set(step.exchange.as, await desk.exchange(find(world.keys, step.exchange.key).key));
  } else if ('refresh' in step) {
    const { session, as, refused } = step.refresh;
    const granted = desk.refresh(find(sessions, session));
    if (refused === true) await requireRefused(granted);
    else sessions.set(as, await granted);
  } else if ('logout' in step) {
    await desk.logout(find(sessions, step.logout));
  } else if ('end_sessions_of' in step) {
    const { api, id } = find(world.keys, step.end_sessions_of);
    await world.operations.revokeSessions({ api, key: id });
  }
}

async function requireRefused(granted: Promise<NamedSession>): Promise<void> {
  const outcome = await granted.then(
    () => 'granted',
    (error: unknown) => {
      if (error instanceof DeskRefused && error.status === 401) return 'refused';
      throw error;
    },
  );
  if (outcome === 'granted') throw new Error('a session was granted that must be refused');
}

type KeyChangeText = Extract<Step, { set_key: unknown }>['set_key'];

async function setKey(text: KeyChangeText, world: CaseWorld): Promise<void> {
  const { key, allow_ips, expires_in, ...change } = text;
  const expiresAt = expires_in === null ? null : timeIn(expires_in, world);
  await world.operations.setKey(
    find(world.keys, key),
    defined({ ...change, allowIps: allow_ips, expiresAt }),
  );
}

/** What a `${word}` stands for in this case. */
export function findWord(word: string, loaded: LoadedCase, world: CaseWorld): string | undefined {
  const [kind = '', ref = ''] = word.split('.');
  if (kind === 'key') return world.keys.get(ref)?.key;
  if (kind === 'key_id') return world.keys.get(ref)?.id;
  if (kind === 'account') return world.accounts.get(ref)?.id;
  if (kind === 'token') return findToken(ref, world);
  if (kind === 'access') return world.sessions.get(ref)?.accessToken;
  if (kind === 'refresh') return world.sessions.get(ref)?.refreshToken;
  if (word === 'unknown_key') return loaded.file.key_prefix && neverIssued(loaded.file.key_prefix);
  if (word === 'ts') return isoSeconds(world.clock.now().wallMs);
  return loaded.file.words[word];
}

/** The named one; a name that the case does not have is an error of the case. */
export function find<T>(known: ReadonlyMap<string, T>, ref: string): T {
  const found = known.get(ref);
  if (found === undefined) throw new Error(`the case has no ${ref}`);
  return found;
}

function timeIn(duration: string | undefined, world: CaseWorld): string | undefined {
  return duration === undefined ? undefined : isoSeconds(world.clock.now().wallMs + durationMs(duration));
}

function nextMonth(wallMs: number): number {
  const date = new Date(wallMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/** Without the members that are undefined: an absent member and an undefined one are not the same to the operations' types. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
