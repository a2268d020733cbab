import { FEED_START } from '../domain/feed.ts';
import type { FeedBatch, FeedCursor } from '../domain/feed.ts';
import { DependencyDown } from '../ports.ts';
import type { Keeper } from '../ports.ts';
import type { ToEdge } from './messages.ts';
import type { Streak } from './streak.ts';

/** Callers that may wait for an edge's confirmation at once. */
export const CONFIRM_WAITERS_MAX = 1_000;

interface Waiter {
  readonly seq: number;
  readonly settle: (met: boolean) => void;
}

export interface FeedPumpOptions {
  readonly keeper: Keeper;
  readonly post: (message: ToEdge) => void;
  readonly faults: Streak;
}

/** Sends one batch, waits for its confirmation, sends the next. Where the store cannot be read, the edge keeps what it has until `look` finds it well again. */
export class FeedPump {
  private readonly keeper: Keeper;
  private readonly post: (message: ToEdge) => void;
  private readonly faults: Streak;
  private cursor: FeedCursor = FEED_START;
  private state: 'idle' | 'ready' | 'sent' | 'stopped' = 'idle';
  /** The last read failed: there may be more than was sent. */
  private behind = false;
  private readonly waiters = new Set<Waiter>();

  constructor({ keeper, post, faults }: FeedPumpOptions) {
    this.keeper = keeper;
    this.post = post;
    this.faults = faults;
  }

  /** Begins with everything; asked again, it goes on as before. */
  start(): void {
    if (this.state !== 'idle') return;
    this.state = 'ready';
    this.pump();
  }

  /** Sends what the store has beyond the last confirmed batch. */
  pump(): void {
    if (this.state !== 'ready') return;
    const batch = this.read();
    if (batch !== undefined) {
      this.state = 'sent';
      this.post({ kind: 'batch', batch });
    }
    this.settleMet();
  }

  /** Pumps where the store may have more than was told: another process wrote to it, or it could not be read before. */
  look(): void {
    if (this.state !== 'ready') return;
    if (this.behind || this.attempt(() => this.keeper.changedElsewhere()) === true) this.pump();
  }

  confirm(cursor: FeedCursor): void {
    if (this.state !== 'sent') return;
    this.cursor = cursor;
    this.state = 'ready';
    this.pump();
  }

  /** Resolves true once the edge has confirmed every change up to `seq`, false after `timeoutMs` or when it is gone. */
  waitFor(seq: number, timeoutMs: number): Promise<boolean> {
    this.pump();
    if (this.state === 'stopped' || this.waiters.size >= CONFIRM_WAITERS_MAX) return Promise.resolve(false);
    if (seq <= this.reachedSeq()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiter.settle(false), timeoutMs);
      const waiter: Waiter = {
        seq,
        settle: (met) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(met);
        },
      };
      this.waiters.add(waiter);
    });
  }

  stop(): void {
    this.state = 'stopped';
    for (const waiter of this.waiters) waiter.settle(false);
  }

  private read(): FeedBatch | undefined {
    const read = this.attempt(() => ({ batch: this.keeper.read(this.cursor) }));
    if (read === undefined) return undefined;
    this.behind = false;
    return read.batch;
  }

  /** An outage of the store is told once, and whatever came of it is asked again later. */
  private attempt<T>(ask: () => T): T | undefined {
    try {
      const answer = ask();
      this.faults.worked();
      return answer;
    } catch (error) {
      if (!(error instanceof DependencyDown)) throw error;
      this.behind = true;
      this.faults.failed(error);
      return undefined;
    }
  }

  private settleMet(): void {
    const reached = this.reachedSeq();
    for (const waiter of this.waiters) if (waiter.seq <= reached) waiter.settle(true);
  }

  /** The last change that the edge confirmed; -1 before it has the whole snapshot. */
  private reachedSeq(): number {
    return this.cursor.phase === 'changes' ? this.cursor.seq : -1;
  }
}
