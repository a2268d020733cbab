import type { FeedBatch } from '../domain/feed.ts';
import { NOTHING_MEASURED } from '../domain/measurements.ts';
import type { Note, Report } from '../domain/report.ts';
import { DependencyDown } from '../ports.ts';
import type { Clock, Hub } from '../ports.ts';
import type { Channel } from './channel.ts';
import { ChargeQueue } from './charge-queue.ts';
import type { ToEdge, ToHub } from './messages.ts';
import { WindowAsks } from './window-asks.ts';

export interface HubOptions {
  /** To the one writer of the store: follow, charge and keep, in order. */
  readonly keeper: Channel;
  /** Takes reports; loss is harmless. */
  readonly sendReport: (report: Report) => void;
  /** How long a charge may take before its check is answered without it, in milliseconds. */
  readonly chargeMs: number;
  /** That of the checks. */
  readonly clock: Clock;
}

/** The hub as an edge at the other end of the channel sees it. */
export function connectHub({ keeper, sendReport, chargeMs, clock }: HubOptions): Hub {
  const post = (message: ToHub): void => keeper.post(message);
  const nowMs = (): number => clock.monotonicMs?.() ?? clock.now().monotonicMs;
  const charges = new ChargeQueue({ post, chargeMs, nowMs });
  const feed = new FeedReceiver(post);
  const windows = new WindowAsks(post);
  keeper.onMessage((message) => {
    const received = message as ToEdge;
    if (received.kind === 'charged') charges.settle(received.turn, received.outcomes);
    else if (received.kind === 'charge_failed') charges.fail(received.turn, received.cause);
    else if (received.kind === 'refund_taken') charges.refundTaken();
    // A port hands over all it holds before the loop goes on, so sockets get their turn before each batch is applied or packed.
    else if (received.kind === 'batch') setImmediate(() => feed.receive(received.batch));
    else setImmediate(() => windows.receive(received));
  });
  keeper.onClose(() => {
    charges.close();
    feed.close();
    windows.close();
  });
  return {
    charge: (charge, untilMs) => charges.add(charge, untilMs),
    follow: (apply) => feed.follow(apply),
    report: (report) => sendReport(withLateCharges(report, charges.takeLateCharges())),
    keep: (batch) => windows.keep(batch),
    loadKept: (restore) => windows.load(restore),
    async settleCharges(withinMs) {
      const settled = await charges.settleAll(withinMs);
      // An edge hands its last report over by another way, on which nothing is added.
      const late = charges.takeLateCharges();
      if (late > 0) sendReport(withLateCharges(NOTHING_REPORTED, late));
      return settled;
    },
  };
}

/** Applies one batch after the other and confirms each. */
class FeedReceiver {
  private readonly post: (message: ToHub) => void;
  private readonly complete = Promise.withResolvers<void>();
  private apply: ((batch: FeedBatch) => void) | undefined;
  private closed = false;

  constructor(post: (message: ToHub) => void) {
    this.post = post;
    // Nobody may be following when the other end goes.
    this.complete.promise.catch(() => undefined);
  }

  follow(apply: (batch: FeedBatch) => void): Promise<void> {
    // A second snapshot would name no key that has gone since the first: it needs a channel and a directory of its own.
    if (this.apply !== undefined) return Promise.reject(new Error('the feed is followed already'));
    this.apply = apply;
    this.post({ kind: 'follow' });
    return this.complete.promise;
  }

  receive(batch: FeedBatch): void {
    if (this.closed) return;
    this.apply?.(batch);
    this.post({ kind: 'confirm', cursor: batch.cursor });
    if (batch.complete) this.complete.resolve();
  }

  close(): void {
    this.closed = true;
    this.complete.reject(new DependencyDown('directory', 'the store is gone'));
  }
}

const NOTHING_REPORTED: Report = {
  checks: [],
  lastUsed: new Float64Array(),
  notes: [],
  measured: NOTHING_MEASURED,
};

function withLateCharges(report: Report, count: number): Report {
  if (count === 0) return report;
  const note: Note = {
    level: 'warn',
    message: 'charges were committed after their checks had been refused, and are booked back',
    fields: { count },
  };
  return { ...report, notes: [...report.notes, note] };
}
