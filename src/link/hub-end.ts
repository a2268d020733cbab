import { FEED_START } from '../domain/feed.ts';
import type { FeedCursor } from '../domain/feed.ts';
import type { Keeper } from '../ports.ts';
import type { Channel } from './channel.ts';
import { fromChargeNumbers, toOutcomeNumbers } from './messages.ts';
import type { ToEdge, ToHub } from './messages.ts';

/** How often the store is asked whether another process has written to it, in milliseconds. */
export const WATCH_INTERVAL_MS = 50;
/** Callers that may wait for an edge's confirmation at once. */
export const CONFIRM_WAITERS_MAX = 1_000;

export interface EdgeService {
  /** Resolves true once the edge has confirmed every change up to `seq`, false after `timeoutMs` or when it is gone. */
  confirmed(seq: number, timeoutMs: number): Promise<boolean>;
  stop(): void;
}

export interface EdgeServiceOptions {
  readonly channel: Channel;
  readonly keeper: Keeper;
  /** Told when a transaction of charges failed; its checks become outages. */
  readonly onChargeFault: (error: unknown) => void;
}

/** Serves one edge from the store: its charges at once, the feed one batch at a time. */
export function serveEdge({ channel, keeper, onChargeFault }: EdgeServiceOptions): EdgeService {
  const post = (message: ToEdge): void => channel.post(message);
  const feed = new FeedPump(keeper, post);
  const watch = setInterval(() => {
    if (keeper.changedElsewhere()) feed.pump();
  }, WATCH_INTERVAL_MS);
  const stop = (): void => {
    clearInterval(watch);
    feed.stop();
  };
  keeper.onChange(() => feed.pump());
  channel.onClose(stop);
  channel.onMessage((message) => {
    const received = message as ToHub;
    if (received.kind === 'follow') feed.start();
    else if (received.kind === 'confirm') feed.confirm(received.cursor);
    else post(chargeTurn(received.charges, { keeper, onChargeFault }));
  });
  return { confirmed: (seq, timeoutMs) => feed.confirmed(seq, timeoutMs), stop };
}

function chargeTurn(numbers: Float64Array, to: Pick<EdgeServiceOptions, 'keeper' | 'onChargeFault'>): ToEdge {
  const charges = fromChargeNumbers(numbers);
  try {
    return { kind: 'charged', outcomes: toOutcomeNumbers(to.keeper.charge(charges)) };
  } catch (error) {
    // The transaction was rolled back as a whole: nothing is spent, and each check of the turn is an outage.
    to.onChargeFault(error);
    return { kind: 'charge_failed', count: charges.length };
  }
}

interface Waiter {
  readonly seq: number;
  readonly settle: (confirmed: boolean) => void;
}

/** Sends one batch, waits for its confirmation, sends the next. */
class FeedPump {
  private readonly keeper: Keeper;
  private readonly post: (message: ToEdge) => void;
  private cursor: FeedCursor = FEED_START;
  private state: 'idle' | 'ready' | 'sent' | 'stopped' = 'idle';
  private readonly waiters = new Set<Waiter>();

  constructor(keeper: Keeper, post: (message: ToEdge) => void) {
    this.keeper = keeper;
    this.post = post;
  }

  start(): void {
    this.cursor = FEED_START;
    this.state = 'ready';
    this.pump();
  }

  pump(): void {
    if (this.state !== 'ready') return;
    const batch = this.keeper.read(this.cursor);
    if (batch === undefined) return;
    this.state = 'sent';
    this.post({ kind: 'batch', batch });
  }

  confirm(cursor: FeedCursor): void {
    if (this.state !== 'sent') return;
    this.cursor = cursor;
    this.state = 'ready';
    for (const waiter of this.waiters) if (this.reached(waiter.seq)) waiter.settle(true);
    this.pump();
  }

  confirmed(seq: number, timeoutMs: number): Promise<boolean> {
    if (this.reached(seq)) return Promise.resolve(true);
    if (this.state === 'stopped' || this.waiters.size >= CONFIRM_WAITERS_MAX) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiter.settle(false), timeoutMs);
      const waiter: Waiter = {
        seq,
        settle: (confirmed) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(confirmed);
        },
      };
      this.waiters.add(waiter);
    });
  }

  stop(): void {
    this.state = 'stopped';
    for (const waiter of this.waiters) waiter.settle(false);
  }

  private reached(seq: number): boolean {
    return this.cursor.phase === 'changes' && this.cursor.seq >= seq;
  }
}
