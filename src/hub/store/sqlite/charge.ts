import type { ChargeReceipt, ChargeResult, CreditCharge, Refund } from '../../../domain/credits.ts';
import { monthOf } from '../../../domain/time.ts';
import { remainingCredits } from '../balance.ts';
import type { SqliteConnection } from './connection.ts';
import { reportOutage } from './connection.ts';

/**
 * What a charge is judged by. ?1 account row, ?2 key row (0: declared), ?3 wall time.
 * Read and spent in one transaction that has the write lock from its beginning: nothing changes in between.
 */
const READ = `
SELECT standing, purchased, allowance_month AS allowanceMonth, allowance_used AS allowanceUsed,
  (?2 = 0 OR EXISTS (
    SELECT 1 FROM keys
    WHERE keys.row = ?2 AND keys.account_row = ?1 AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?3)
  )) AS keyWorks
FROM accounts WHERE row = ?1`;
/** ?1 account row, ?2 from purchased, ?3 the month, ?4 what is used of its allowance from now on. */
const SPEND = `
UPDATE accounts SET purchased = purchased - ?2, allowance_month = ?3, allowance_used = ?4 WHERE row = ?1`;
/** ?1 account row, ?2 to purchased, ?3 the month of the charge, ?4 to its allowance, which has lapsed in any other month. */
const GIVE_BACK = `
UPDATE accounts SET
  purchased = min(purchased + ?2, ${Number.MAX_SAFE_INTEGER}),
  allowance_used = max(0, allowance_used - iif(allowance_month = ?3, ?4, 0))
WHERE row = ?1`;

interface Balance {
  readonly purchased: number;
  readonly allowanceMonth: number;
  readonly allowanceUsed: number;
}

interface Chargeable extends Balance {
  readonly standing: string;
  readonly keyWorks: number;
}

/**
 * Commits all charges together and answers each in its place; they see one another in the order given.
 * Survives the death of the process. Throws `DependencyDown('credits')` where nothing was committed.
 */
export function chargeAll(
  connection: SqliteConnection,
  charges: readonly CreditCharge[],
): readonly ChargeReceipt[] {
  if (charges.length === 0) return [];
  for (const { cost, allowance } of charges) checkDemand(cost, allowance);
  return reportOutage('credits', () =>
    connection.transaction('process', () => charges.map((charge) => chargeOne(connection, charge))),
  );
}

/** Books charges back, each to where it was taken from, together. An account that is gone gets nothing. Throws `DependencyDown('credits')` where nothing was committed. */
export function refundAll(connection: SqliteConnection, refunds: readonly Refund[]): void {
  if (refunds.length === 0) return;
  reportOutage('credits', () =>
    connection.transaction('process', () => {
      for (const { accountRow, fromAllowance, fromPurchased, wallMs } of refunds) {
        checkParts(fromAllowance, fromPurchased);
        connection.statement(GIVE_BACK).run(accountRow, fromPurchased, monthOf(wallMs), fromAllowance);
      }
    }),
  );
}

/** A cost below one would give credits away. */
function checkDemand(cost: number, allowance: number): void {
  if (!Number.isSafeInteger(cost) || cost < 1) throw new RangeError('a charge costs at least one credit');
  if (!Number.isSafeInteger(allowance) || allowance < 0)
    throw new RangeError('an allowance is never negative');
}

/** A negative part would take credits away. */
function checkParts(...parts: readonly number[]): void {
  if (parts.some((part) => !Number.isSafeInteger(part) || part < 0))
    throw new RangeError('a refund is never negative');
}

function chargeOne(connection: SqliteConnection, charge: CreditCharge): ChargeReceipt {
  const { accountRow, keyRow, cost, allowance, wallMs } = charge;
  const found = connection.statement(READ).get(accountRow, keyRow, wallMs) as Chargeable | undefined;
  if (found === undefined) return { result: 'account_gone', remaining: 0, fromPurchased: 0 };
  const remaining = remainingCredits(found, allowance, wallMs);
  const refusal = findRefusal(found, remaining - cost);
  if (refusal !== undefined) return { result: refusal, remaining, fromPurchased: 0 };

  // The allowance is spent first. A month before the stored one opens nothing: a clock that went back gives no second allowance.
  const month = Math.max(found.allowanceMonth, monthOf(wallMs));
  const used = found.allowanceMonth < month ? 0 : found.allowanceUsed;
  const fromAllowance = Math.min(cost, Math.max(0, allowance - used));
  const fromPurchased = cost - fromAllowance;
  connection.statement(SPEND).run(accountRow, fromPurchased, month, used + fromAllowance);
  return { result: 'charged', remaining: remaining - cost, fromPurchased };
}

function findRefusal({ keyWorks, standing }: Chargeable, left: number): ChargeResult | undefined {
  if (keyWorks === 0) return 'key_gone';
  if (standing !== 'ok') return 'account_gone';
  return left < 0 ? 'insufficient' : undefined;
}
