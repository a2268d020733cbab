import type { ChargeReceipt, CreditCharge, Refund } from '../../../domain/credits.ts';
import type { Note } from '../../../domain/report.ts';
import { monthOf } from '../../../domain/time.ts';
import type { Keeper } from '../../../ports.ts';
import { remainingCredits } from '../balance.ts';
import { ChargeLog } from './charge-log.ts';
import type { ChargeEntry } from './charge-entries.ts';
import { reportOutage } from './connection.ts';
import { DamagedCharges } from './damaged-charges.ts';
import { KnownAccounts } from './known-accounts.ts';
import type { KnownAccount } from './known-accounts.ts';
import type { Writer } from './writer.ts';

/** Bookings behind one turn of charges: more than the longest turn makes needful. */
const BOOKINGS_MAX = 32;

export interface Charging extends Pick<Keeper, 'charge' | 'refund' | 'bookCharges'> {
  /** Books all that was logged, by whomever, so that a file at rest tells every balance in its accounts. Throws `DependencyDown('credits')`. */
  bookAll(): void;
  /** The same before the first charge; tells what of the log is damaged. Throws `DependencyDown('credits')`. */
  recover(): void;
}

/**
 * Charges and refunds of one connection, out of memory and into the log of charges, each turn in one transaction that has the write
 * lock from its beginning: what is known is true until it is committed. Survives the death of the process. `onNote` is told of damage.
 */
export function createCharging(writer: Writer, onNote: (note: Note) => void): Charging {
  const { connection } = writer;
  const log = new ChargeLog(connection);
  const known = new KnownAccounts(writer, log, new DamagedCharges(connection, onNote));
  /** Nothing of what `work` changed in memory outlives a transaction that was not committed. */
  const inTransaction = <T>(work: () => T): T => {
    try {
      return reportOutage('credits', () => connection.transaction('process', work));
    } catch (error) {
      known.forget();
      throw error;
    }
  };
  const spend = <T>(work: (entries: ChargeEntry[]) => T): T =>
    inTransaction(() => {
      known.refresh();
      const entries: ChargeEntry[] = [];
      const result = work(entries);
      log.append(entries);
      return result;
    });
  return {
    charge(charges) {
      for (const { cost, allowance } of charges) checkDemand(cost, allowance);
      if (charges.length === 0) return [];
      return spend((entries) => charges.map((charge) => chargeOne(known, charge, entries)));
    },
    refund(refunds) {
      for (const { fromAllowance, fromPurchased } of refunds) checkParts(fromAllowance, fromPurchased);
      if (refunds.length === 0) return;
      spend((entries) => {
        for (const refund of refunds) refundOne(known, refund, entries);
      });
    },
    bookCharges() {
      for (let count = 0; log.isLong && count < BOOKINGS_MAX; count += 1) inTransaction(() => log.bookSome());
    },
    bookAll() {
      if (!reportOutage('credits', () => log.isEmpty())) inTransaction(() => log.bookAll());
    },
    recover() {
      inTransaction(() => known.refresh());
    },
  };
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

/** Changes what is known of the account, and adds what happened to `entries`. */
function chargeOne(known: KnownAccounts, charge: CreditCharge, entries: ChargeEntry[]): ChargeReceipt {
  const { accountRow, cost, allowance, wallMs } = charge;
  const account = known.find(accountRow);
  if (account === undefined) return { result: 'account_gone', remaining: 0, fromPurchased: 0, month: 0 };
  const remaining = remainingCredits(account, allowance, wallMs);
  const refusal = findRefusal(known, account, charge) ?? (remaining < cost ? 'insufficient' : undefined);
  if (refusal !== undefined) return { result: refusal, remaining, fromPurchased: 0, month: 0 };

  // The allowance is spent first. A month before the stored one opens nothing: a clock that went back gives no second allowance.
  const month = Math.max(account.allowanceMonth, monthOf(wallMs));
  const used = account.allowanceMonth < month ? 0 : account.allowanceUsed;
  const fromAllowance = Math.min(cost, Math.max(0, allowance - used));
  const fromPurchased = cost - fromAllowance;
  account.purchased -= fromPurchased;
  account.allowanceMonth = month;
  account.allowanceUsed = used + fromAllowance;
  entries.push(toEntry(accountRow, account, fromPurchased));
  return { result: 'charged', remaining: remaining - cost, fromPurchased, month };
}

/** `keyRow` is 0 for a declared key, which is not the store's. */
function findRefusal(
  known: KnownAccounts,
  account: KnownAccount,
  { keyRow, accountRow, wallMs }: CreditCharge,
): ChargeReceipt['result'] | undefined {
  if (keyRow !== 0 && !known.keyWorks(keyRow, accountRow, wallMs)) return 'key_gone';
  if (!account.isOk) return 'account_gone';
  return known.isDamaged(accountRow) ? 'balance_unknown' : undefined;
}

/** Gives back to where it was taken from; an allowance has lapsed once the account knows of a later month. An account that is gone gets nothing. */
function refundOne(known: KnownAccounts, refund: Refund, entries: ChargeEntry[]): void {
  const { accountRow, fromAllowance, fromPurchased, month } = refund;
  const account = known.find(accountRow);
  if (account === undefined) return;
  const purchased = Math.min(account.purchased + fromPurchased, Number.MAX_SAFE_INTEGER);
  const taken = account.purchased - purchased;
  account.purchased = purchased;
  if (account.allowanceMonth === month)
    account.allowanceUsed = Math.max(0, account.allowanceUsed - fromAllowance);
  entries.push(toEntry(accountRow, account, taken));
}

function toEntry(
  accountRow: number,
  { allowanceMonth, allowanceUsed }: KnownAccount,
  taken: number,
): ChargeEntry {
  return { accountRow, taken, allowanceMonth, allowanceUsed };
}
