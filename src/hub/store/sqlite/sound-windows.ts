import { LIMIT_SCOPES } from '../../../domain/limit.ts';
import {
  ENTRY_NUMBERS,
  WINDOW_ENTRIES_MAX,
  WINDOW_WORDS,
  readWindows,
} from '../../../domain/window-batch.ts';
import type { WindowBatch, WindowRecord } from '../../../domain/window-batch.ts';

/*
 * What of a stored window a counter can have told. The file may have been damaged, or a foreign hand may have written anything.
 */

type Batch = Omit<WindowBatch, 'clock'>;

/** The windows of a batch whose place in it is wanted, as far as they are sound; none where it cannot be said whose the entries are. */
export function readSoundWindows(
  batch: Batch,
  onDamage: () => void,
  isWanted: (index: number) => boolean = () => true,
): readonly WindowRecord[] {
  if (!isWhole(batch)) {
    onDamage();
    return [];
  }
  const sound: WindowRecord[] = [];
  const isWantedScope = (index: number): boolean => {
    if (!isWanted(index)) return false;
    const hasScope = scopeAt(batch, index) !== undefined;
    // Read as one of another scope, it would stand in that one's place.
    if (!hasScope) onDamage();
    return hasScope;
  };
  for (const record of readWindows(batch, isWantedScope)) {
    const window = toSoundWindow(record, onDamage);
    if (window !== undefined) sound.push(window);
  }
  return sound;
}

/** The window without what no counter holds; undefined where its name is none. */
export function toSoundWindow<Window extends WindowRecord>(
  window: Window,
  onDamage: () => void,
): Window | undefined {
  const { scope, windowMs, entries } = window;
  const hasName = LIMIT_SCOPES.includes(scope) && Number.isSafeInteger(windowMs) && windowMs > 0;
  if (hasName && areSound(entries)) return window;
  onDamage();
  return hasName ? { ...window, entries: leaveOutUnsound(entries) } : undefined;
}

function isWhole({ words, numbers, entries }: Batch): boolean {
  if (words.length !== numbers.length * WINDOW_WORDS) return false;
  let count = 0;
  for (let at = WINDOW_WORDS - 1; at < words.length; at += WINDOW_WORDS) {
    const length = words[at] ?? -1;
    if (length < 0 || length > WINDOW_ENTRIES_MAX) return false;
    count += length;
  }
  return count * ENTRY_NUMBERS === entries.length;
}

function scopeAt({ words }: Batch, index: number): string | undefined {
  return LIMIT_SCOPES[words[index * WINDOW_WORDS + WINDOW_WORDS - 2] ?? -1];
}

function areSound(entries: Float64Array): boolean {
  if (entries.length > WINDOW_ENTRIES_MAX * ENTRY_NUMBERS) return false;
  for (let at = 0; at < entries.length; at += ENTRY_NUMBERS) if (!isSoundAt(entries, at)) return false;
  return true;
}

/** A time, and at least one use. */
function isSoundAt(entries: Float64Array, at: number): boolean {
  const uses = entries[at + 1] ?? 0;
  return Number.isFinite(entries[at]) && Number.isSafeInteger(uses) && uses >= 1;
}

/** Of more than a window has, the youngest. */
function leaveOutUnsound(entries: Float64Array): Float64Array {
  const sound: number[] = [];
  for (let at = 0; at < entries.length; at += ENTRY_NUMBERS)
    if (isSoundAt(entries, at)) sound.push(...entries.subarray(at, at + ENTRY_NUMBERS));
  return Float64Array.from(sound.slice(-WINDOW_ENTRIES_MAX * ENTRY_NUMBERS));
}
