import { SECOND_MS } from '../../domain/time.ts';
import type { Now } from '../../domain/time.ts';
import type { TokenFault } from '../../domain/token.ts';
import { DependencyDown } from '../../ports.ts';
import type { Eventually } from '../../ports.ts';
import { isSignedBy, isSignedByElsewhere } from './algorithms.ts';
import type { Signed } from './algorithms.ts';

/** Signatures that may prove wrong on this thread in one second, of one API: at 65 µs each, 3 % of the thread. */
export const WRONG_PER_SECOND_MAX = 500;
/** Verifications of one API that wait for the runtime's pool: at 100 µs each, the last one waits for 25 ms. */
export const WAITING_MAX = 256;
/** What a token that a customer is said to have signed costs, in wrong signatures: up to 16 keys are opened and tried for it, 300 µs. */
export const KEYS_TRIED_COST = 4;
/** Such tokens of one API that wait for a turn of the event loop each. */
export const TURNS_MAX = 32;

/** Verifies the signatures of one API's tokens. */
export interface SignatureWork {
  /** Throws `DependencyDown('capacity')` where too many wait already. */
  isRight(signed: Signed, now: Now): Eventually<boolean>;
  /**
   * Tries keys, which only this thread can: at once, or in a turn of the event loop of its own once wrong signatures have used up what they may.
   * Throws `DependencyDown('capacity')` where too many wait already.
   */
  tryKeys<T extends object>(judge: () => T | TokenFault, now: Now): Eventually<T | TokenFault>;
}

/**
 * Verifies on this thread, which is cheapest, until a flood of wrong signatures has used up what they may take of it; from then on in the runtime's
 * pool, one at a time, so that the event loop goes on and checks of API keys with it. Right signatures use nothing up: their tokens are remembered.
 */
export function createSignatureWork(): SignatureWork {
  let left = WRONG_PER_SECOND_MAX;
  let filledAtMs = Number.NEGATIVE_INFINITY;
  const verifications = createLine(WAITING_MAX);
  const turns = createLine(TURNS_MAX);

  function refill({ monotonicMs }: Now): void {
    const gained = ((monotonicMs - filledAtMs) / SECOND_MS) * WRONG_PER_SECOND_MAX;
    left = Math.min(WRONG_PER_SECOND_MAX, left + Math.max(0, gained));
    filledAtMs = Math.max(filledAtMs, monotonicMs);
  }

  return {
    isRight(signed, now) {
      refill(now);
      if (left < 1) return verifications(() => isSignedByElsewhere(signed));
      const right = isSignedBy(signed);
      if (!right) left -= 1;
      return right;
    },
    tryKeys(judge, now) {
      refill(now);
      if (left < KEYS_TRIED_COST) return turns(() => nextTurn().then(judge));
      const judged = judge();
      if (typeof judged === 'string') left -= KEYS_TRIED_COST;
      return judged;
    },
  };
}

/** Work that is done one after the other, also after work that failed. Throws `DependencyDown('capacity')` where `waitingMax` waits already. */
function createLine(waitingMax: number): <T>(work: () => Promise<T>) => Promise<T> {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    if (waiting >= waitingMax)
      throw new DependencyDown('capacity', 'too many signatures wait to be verified');
    waiting += 1;
    const turn = last.then(work).finally(() => {
      waiting -= 1;
    });
    last = turn.catch(() => undefined);
    return turn;
  };
}

/** What came in meanwhile is handled first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
