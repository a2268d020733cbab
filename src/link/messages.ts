import type { ChargeReceipt, ChargeResult, CreditCharge, Refund } from '../domain/credits.ts';
import type { FeedBatch, FeedCursor } from '../domain/feed.ts';
import type { WindowBatch } from '../domain/window-batch.ts';
import type { KeptPage } from '../ports.ts';

/** From an edge to the hub, on the ordered channel that follow, charge and keep share. `turn` numbers a message of charges; a refund is not answered. */
export type ToHub =
  | { readonly kind: 'follow' }
  | { readonly kind: 'confirm'; readonly cursor: FeedCursor }
  | { readonly kind: 'charge'; readonly turn: number; readonly charges: Float64Array }
  | { readonly kind: 'refund'; readonly refunds: Float64Array }
  | { readonly kind: 'keep'; readonly windows: WindowBatch }
  | { readonly kind: 'load'; readonly from: number };

/** From the hub to an edge. Outcomes come in the order of their turn's charges. */
export type ToEdge =
  | { readonly kind: 'batch'; readonly batch: FeedBatch }
  | { readonly kind: 'charged'; readonly turn: number; readonly outcomes: Float64Array }
  | { readonly kind: 'charge_failed'; readonly turn: number; readonly cause: ChargeFailure }
  | WindowAnswer;

/** To `keep` and `load`, of which an edge asks one at a time. */
export type WindowAnswer =
  | { readonly kind: 'kept' }
  | { readonly kind: 'loaded'; readonly page: KeptPage | undefined }
  | { readonly kind: 'windows_failed' };

/** Why nothing of a turn was spent: the store did not answer, or the program is wrong. */
export type ChargeFailure = 'outage' | 'bug';

const CHARGE_NUMBERS = 5;
const OUTCOME_NUMBERS = 3;
const REFUND_NUMBERS = 4;
const RESULTS: readonly ChargeResult[] = ['charged', 'insufficient', 'key_gone', 'account_gone'];

/** One typed array for all charges of a turn: a third cheaper to copy than objects. */
export function toChargeNumbers(charges: readonly CreditCharge[]): Float64Array {
  const numbers = new Float64Array(charges.length * CHARGE_NUMBERS);
  for (const [index, { accountRow, keyRow, cost, allowance, wallMs }] of charges.entries()) {
    numbers.set([accountRow, keyRow, cost, allowance, wallMs], index * CHARGE_NUMBERS);
  }
  return numbers;
}

export function fromChargeNumbers(numbers: Float64Array): CreditCharge[] {
  return rows(
    numbers,
    CHARGE_NUMBERS,
    ([accountRow = 0, keyRow = 0, cost = 0, allowance = 0, wallMs = 0]) => ({
      accountRow,
      keyRow,
      cost,
      allowance,
      wallMs,
    }),
  );
}

export function toOutcomeNumbers(outcomes: readonly ChargeReceipt[]): Float64Array {
  const numbers = new Float64Array(outcomes.length * OUTCOME_NUMBERS);
  for (const [index, { result, remaining, fromPurchased }] of outcomes.entries()) {
    numbers.set([RESULTS.indexOf(result), remaining, fromPurchased], index * OUTCOME_NUMBERS);
  }
  return numbers;
}

export function fromOutcomeNumbers(numbers: Float64Array): ChargeReceipt[] {
  return rows(numbers, OUTCOME_NUMBERS, ([result = -1, remaining = 0, fromPurchased = 0]) => ({
    // A result that is not in the table must never read as charged.
    result: RESULTS[result] ?? 'account_gone',
    remaining,
    fromPurchased,
  }));
}

export function toRefundNumbers(refunds: readonly Refund[]): Float64Array {
  const numbers = new Float64Array(refunds.length * REFUND_NUMBERS);
  for (const [index, { accountRow, fromAllowance, fromPurchased, wallMs }] of refunds.entries()) {
    numbers.set([accountRow, fromAllowance, fromPurchased, wallMs], index * REFUND_NUMBERS);
  }
  return numbers;
}

export function fromRefundNumbers(numbers: Float64Array): Refund[] {
  return rows(
    numbers,
    REFUND_NUMBERS,
    ([accountRow = 0, fromAllowance = 0, fromPurchased = 0, wallMs = 0]) => ({
      accountRow,
      fromAllowance,
      fromPurchased,
      wallMs,
    }),
  );
}

function rows<T>(numbers: Float64Array, width: number, from: (row: Float64Array) => T): T[] {
  const made: T[] = [];
  for (let at = 0; at < numbers.length; at += width) made.push(from(numbers.subarray(at, at + width)));
  return made;
}
