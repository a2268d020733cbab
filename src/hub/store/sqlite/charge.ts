import type { ChargeOutcome, ChargeResult, CreditCharge } from '../../../domain/credits.ts';
import { monthOf } from '../../../domain/time.ts';
import { remainingCredits } from '../balance.ts';
import type { SqliteConnection } from './connection.ts';
import { reportOutage } from './connection.ts';

/**
 * One charge in one statement: the key still works, the account is in good standing and has enough, then the allowance is spent first.
 * ?1 account row, ?2 key row (0: declared), ?3 cost, ?4 allowance, ?5 month, ?6 wall time.
 * A month before the stored one opens nothing: a clock that went back gives no second allowance.
 */
const USED = 'iif(allowance_month < ?5, 0, allowance_used)';
const LEFT = `max(0, ?4 - ${USED})`;
const KEY_WORKS = `EXISTS (
  SELECT 1 FROM keys
  WHERE keys.row = ?2 AND keys.account_row = ?1 AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?6)
)`;
const SPEND = `
UPDATE accounts SET
  purchased = purchased - max(0, ?3 - ${LEFT}),
  allowance_used = ${USED} + min(?3, ${LEFT}),
  allowance_month = max(allowance_month, ?5)
WHERE row = ?1 AND standing = 'ok' AND purchased >= ?3 - ${LEFT} AND (?2 = 0 OR ${KEY_WORKS})
RETURNING purchased, allowance_month AS allowanceMonth, allowance_used AS allowanceUsed`;
/** Why nothing was spent; asked in the same transaction, so that the answer is about the same state. */
const EXPLAIN = `
SELECT standing, purchased, allowance_month AS allowanceMonth, allowance_used AS allowanceUsed,
  (?2 = 0 OR ${KEY_WORKS}) AS keyWorks
FROM accounts WHERE row = ?1`;

interface Balance {
  readonly purchased: number;
  readonly allowanceMonth: number;
  readonly allowanceUsed: number;
}

interface Explanation extends Balance {
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
): readonly ChargeOutcome[] {
  if (charges.length === 0) return [];
  for (const { cost, allowance } of charges) checkDemand(cost, allowance);
  return reportOutage('credits', () =>
    connection.transaction('process', () => charges.map((charge) => chargeOne(connection, charge))),
  );
}

/** A cost below one would give credits away. */
function checkDemand(cost: number, allowance: number): void {
  if (!Number.isSafeInteger(cost) || cost < 1) throw new RangeError('a charge costs at least one credit');
  if (!Number.isSafeInteger(allowance) || allowance < 0)
    throw new RangeError('an allowance is never negative');
}

function chargeOne(connection: SqliteConnection, charge: CreditCharge): ChargeOutcome {
  const { accountRow, keyRow, cost, allowance, wallMs } = charge;
  const values = [accountRow, keyRow, cost, allowance, monthOf(wallMs), wallMs];
  const spent = connection.statement(SPEND).get(...values) as Balance | undefined;
  if (spent !== undefined) {
    return { result: 'charged', remaining: remainingCredits(spent, allowance, wallMs) };
  }
  const found = connection.statement(EXPLAIN).get(...values) as Explanation | undefined;
  if (found === undefined) return { result: 'account_gone', remaining: 0 };
  return { result: refusalOf(found), remaining: remainingCredits(found, allowance, wallMs) };
}

function refusalOf(found: Explanation): ChargeResult {
  if (found.keyWorks === 0) return 'key_gone';
  return found.standing === 'ok' ? 'insufficient' : 'account_gone';
}
