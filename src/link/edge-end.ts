import type { ChargeOutcome, CreditCharge } from '../domain/credits.ts';
import type { FeedBatch } from '../domain/feed.ts';
import type { Report } from '../domain/report.ts';
import { DependencyDown } from '../ports.ts';
import type { Hub } from '../ports.ts';
import type { Channel } from './channel.ts';
import { fromOutcomeNumbers, toChargeNumbers } from './messages.ts';
import type { ToEdge, ToHub } from './messages.ts';

/** Charges on their way at once; further checks are answered as an outage of the credits rather than queued. */
export const CHARGES_IN_FLIGHT_MAX = 10_000;

interface Waiting {
  readonly charge: CreditCharge;
  readonly resolve: (outcome: ChargeOutcome) => void;
  readonly reject: (reason: DependencyDown) => void;
}

export interface HubChannels {
  /** To the one writer of the store: follow and charge, in order. */
  readonly keeper: Channel;
  /** Takes reports; loss is harmless. */
  readonly sendReport: (report: Report) => void;
}

/** The hub as an edge at the other end of the channels sees it. */
export function connectHub({ keeper, sendReport }: HubChannels): Hub {
  const post = (message: ToHub): void => keeper.post(message);
  const charges = new ChargeQueue(post);
  let apply: ((batch: FeedBatch) => void) | undefined;
  let complete: (() => void) | undefined;
  keeper.onMessage((message) => {
    const received = message as ToEdge;
    if (received.kind === 'charged') charges.settle(fromOutcomeNumbers(received.outcomes));
    else if (received.kind === 'charge_failed') charges.fail(received.count);
    else
      confirmLater(() => {
        apply?.(received.batch);
        post({ kind: 'confirm', cursor: received.batch.cursor });
        if (received.batch.complete) complete?.();
      });
  });
  keeper.onClose(() => charges.failAll());
  return {
    charge: (charge) => charges.add(charge),
    report: sendReport,
    follow(take) {
      apply = take;
      return new Promise((resolve) => {
        complete = resolve;
        post({ kind: 'follow' });
      });
    },
  };
}

/** A port hands over all it holds before the loop goes on, so sockets get their turn before each batch is applied. */
function confirmLater(work: () => void): void {
  setImmediate(work);
}

/** Gathers the charges of one turn into one message and hands the outcomes out in order. */
class ChargeQueue {
  private readonly post: (message: ToHub) => void;
  private turn: Waiting[] = [];
  /** Sent and not settled, oldest first, from `settled` on. */
  private sent: Waiting[] = [];
  private settled = 0;
  private closed = false;

  constructor(post: (message: ToHub) => void) {
    this.post = post;
  }

  add(charge: CreditCharge): Promise<ChargeOutcome> {
    return new Promise((resolve, reject) => {
      if (this.closed) reject(new DependencyDown('credits', 'the store is gone'));
      else if (this.turn.length + this.sent.length - this.settled >= CHARGES_IN_FLIGHT_MAX) {
        reject(new DependencyDown('credits', 'too many charges in flight'));
      } else {
        if (this.turn.push({ charge, resolve, reject }) === 1) setImmediate(() => this.flush());
      }
    });
  }

  settle(outcomes: readonly ChargeOutcome[]): void {
    for (const outcome of outcomes) this.shift()?.resolve(outcome);
  }

  fail(count: number): void {
    for (let failed = 0; failed < count; failed += 1) {
      this.shift()?.reject(new DependencyDown('credits', 'the charge was not committed'));
    }
  }

  failAll(): void {
    this.closed = true;
    this.sent.push(...this.turn.splice(0));
    this.fail(this.sent.length - this.settled);
  }

  private flush(): void {
    if (this.turn.length === 0) return;
    this.post({ kind: 'charge', charges: toChargeNumbers(this.turn.map(({ charge }) => charge)) });
    for (const waiting of this.turn) this.sent.push(waiting);
    this.turn = [];
  }

  private shift(): Waiting | undefined {
    const waiting = this.sent[this.settled];
    this.settled += 1;
    if (this.settled === this.sent.length) {
      this.sent = [];
      this.settled = 0;
    } else if (this.settled > CHARGES_IN_FLIGHT_MAX) {
      this.sent = this.sent.slice(this.settled);
      this.settled = 0;
    }
    return waiting;
  }
}
