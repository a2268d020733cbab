import type { ChargeOutcome, ChargeReceipt, CreditCharge, Refund } from '../domain/credits.ts';
import type { FeedBatch, FeedCursor } from '../domain/feed.ts';
import type { WindowBatch } from '../domain/window-batch.ts';
import type { KeptPage } from '../ports.ts';

/** From an edge to the hub, on the ordered channel that follow, charge and keep share. `turn` numbers a message of charges. */
export type ToHub =
  | { readonly kind: 'follow' }
  | { readonly kind: 'confirm'; readonly cursor: FeedCursor }
  | { readonly kind: 'charge'; readonly turn: number; readonly charges: Float64Array }
  | { readonly kind: 'refund'; readonly refunds: Float64Array }
  | { readonly kind: 'keep'; readonly windows: WindowBatch }
  | { readonly kind: 'load'; readonly from: number };

/** From the hub to an edge. Outcomes come in the order of their turn's charges; a refund is taken when it is the hub's to book. */
export type ToEdge =
  | { readonly kind: 'batch'; readonly batch: FeedBatch }
  | { readonly kind: 'charged'; readonly turn: number; readonly outcomes: Float64Array }
  | { readonly kind: 'charge_failed'; readonly turn: number; readonly cause: ChargeFailure }
  | { readonly kind: 'refund_taken' }
  | WindowAnswer;

/** To `keep` and `load`, of which an edge asks one at a time. */
export type WindowAnswer =
  | { readonly kind: 'kept' }
  | { readonly kind: 'loaded'; readonly page: KeptPage | undefined }
  | { readonly kind: 'windows_failed' };

/** Why nothing of a turn was spent: the store did not answer, or the program is wrong. */
export type ChargeFailure = 'outage' | 'bug';

const CHARGE_NUMBERS = 5;
const OUTCOME_NUMBERS = 4;
const REFUND_NUMBERS = 4;
const RESULTS: readonly ChargeReceipt['result'][] = [
  'charged',
  'insufficient',
  'key_gone',
  'account_gone',
  'balance_unknown',
];

/** One typed array for all charges of a turn: a third cheaper to copy than objects. Cells are set one by one: `set` with a list takes three times as long. */
export function toChargeNumbers(charges: readonly CreditCharge[]): Float64Array {
  const numbers = new Float64Array(charges.length * CHARGE_NUMBERS);
  let at = 0;
  for (const { accountRow, keyRow, cost, allowance, wallMs } of charges) {
    numbers[at] = accountRow;
    numbers[at + 1] = keyRow;
    numbers[at + 2] = cost;
    numbers[at + 3] = allowance;
    numbers[at + 4] = wallMs;
    at += CHARGE_NUMBERS;
  }
  return numbers;
}

export function fromChargeNumbers(numbers: Float64Array): CreditCharge[] {
  return rows(numbers, CHARGE_NUMBERS, (at) => ({
    accountRow: numbers[at] ?? 0,
    keyRow: numbers[at + 1] ?? 0,
    cost: numbers[at + 2] ?? 0,
    allowance: numbers[at + 3] ?? 0,
    wallMs: numbers[at + 4] ?? 0,
  }));
}

export function toOutcomeNumbers(outcomes: readonly ChargeReceipt[]): Float64Array {
  const numbers = new Float64Array(outcomes.length * OUTCOME_NUMBERS);
  let at = 0;
  for (const { result, remaining, fromPurchased, month } of outcomes) {
    numbers[at] = RESULTS.indexOf(result);
    numbers[at + 1] = remaining;
    numbers[at + 2] = fromPurchased;
    numbers[at + 3] = month;
    at += OUTCOME_NUMBERS;
  }
  return numbers;
}

/** What came of a turn's charge; undefined where the answer ends before it. */
export function outcomeAt(
  numbers: Float64Array,
  index: number,
): ChargeOutcome | 'balance_unknown' | undefined {
  const at = index * OUTCOME_NUMBERS;
  if (at >= numbers.length) return undefined;
  // A result that is not in the table must never read as charged.
  const result = RESULTS[numbers[at] ?? -1] ?? 'account_gone';
  return result === 'balance_unknown' ? result : { result, remaining: numbers[at + 1] ?? 0 };
}

/** Where what was charged was taken from. */
export function takenAt(
  numbers: Float64Array,
  index: number,
): Pick<ChargeReceipt, 'fromPurchased' | 'month'> {
  const at = index * OUTCOME_NUMBERS;
  return { fromPurchased: numbers[at + 2] ?? 0, month: numbers[at + 3] ?? 0 };
}

export function toRefundNumbers(refunds: readonly Refund[]): Float64Array {
  const numbers = new Float64Array(refunds.length * REFUND_NUMBERS);
  for (const [index, { accountRow, fromAllowance, fromPurchased, month }] of refunds.entries()) {
    numbers.set([accountRow, fromAllowance, fromPurchased, month], index * REFUND_NUMBERS);
  }
  return numbers;
}

export function fromRefundNumbers(numbers: Float64Array): Refund[] {
  return rows(numbers, REFUND_NUMBERS, (at) => ({
    accountRow: numbers[at] ?? 0,
    fromAllowance: numbers[at + 1] ?? 0,
    fromPurchased: numbers[at + 2] ?? 0,
    month: numbers[at + 3] ?? 0,
  }));
}

function rows<T>(numbers: Float64Array, width: number, from: (at: number) => T): T[] {
  const made: T[] = [];
  for (let at = 0; at < numbers.length; at += width) made.push(from(at));
  return made;
}
