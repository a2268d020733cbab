import type { Note } from '../domain/report.ts';
import { DependencyDown } from '../ports.ts';
import type { Keeper } from '../ports.ts';
import type { Channel } from './channel.ts';
import { FeedPump } from './feed-pump.ts';
import { fromChargeNumbers, fromRefundNumbers, toOutcomeNumbers } from './messages.ts';
import type { ToEdge, ToHub } from './messages.ts';
import { Refunds } from './refunds.ts';
import { Streak } from './streak.ts';
import { WindowService } from './window-service.ts';

/** How often the store is asked whether another process has written to it, in milliseconds. */
export const WATCH_INTERVAL_MS = 50;

export interface EdgeService {
  /** Resolves true once the edge has confirmed every change up to `seq`, false after `timeoutMs` or when it is gone. */
  confirmed(seq: number, timeoutMs: number): Promise<boolean>;
  stop(): void;
}

export interface EdgeServiceOptions {
  readonly channel: Channel;
  readonly keeper: Keeper;
  /** Told when reading the feed, committing charges or keeping windows begins to fail, and when it works again. */
  readonly onNote: (note: Note) => void;
}

/** Serves one edge from the store: its charges at once, the feed one batch at a time. */
export function serveEdge({ channel, keeper, onNote }: EdgeServiceOptions): EdgeService {
  const post = (message: ToEdge): void => channel.post(message);
  const charge = createChargeService({ keeper, post, onNote });
  const feed = new FeedPump({ keeper, post, faults: new Streak('reading the feed', onNote) });
  const refunds = new Refunds(keeper, onNote);
  const windows = new WindowService(keeper, onNote);
  const watch = setInterval(() => {
    refunds.book();
    feed.look();
  }, WATCH_INTERVAL_MS);
  const takeRefunds = (numbers: Float64Array): void => {
    refunds.add(fromRefundNumbers(numbers));
    post({ kind: 'refund_taken' });
  };
  const stop = (): void => {
    clearInterval(watch);
    refunds.close();
    feed.stop();
  };
  keeper.onChange(() => feed.pump());
  channel.onClose(stop);
  channel.onMessage((message) => {
    const received = message as ToHub;
    if (received.kind === 'follow') feed.start();
    else if (received.kind === 'confirm') feed.confirm(received.cursor);
    else if (received.kind === 'refund') takeRefunds(received.refunds);
    else if (received.kind === 'keep') post(windows.keep(received.windows));
    else if (received.kind === 'load') post(windows.load(received.from));
    else charge(received.turn, received.charges);
  });
  return {
    confirmed: (seq, timeoutMs) => feed.waitFor(seq, timeoutMs),
    stop,
  };
}

interface ChargingOptions extends Pick<EdgeServiceOptions, 'keeper' | 'onNote'> {
  readonly post: (message: ToEdge) => void;
}

/** Commits a turn of charges and answers it; then, when its checks wait no longer, lets the store tidy up behind them. */
function createChargeService({ keeper, post, onNote }: ChargingOptions) {
  const faults = new Streak('committing charges', onNote);
  const bookFaults = new Streak('booking charges', onNote);
  const commit = (turn: number, charges: Float64Array): ToEdge => {
    try {
      const outcomes = keeper.charge(fromChargeNumbers(charges));
      faults.worked();
      return { kind: 'charged', turn, outcomes: toOutcomeNumbers(outcomes) };
    } catch (error) {
      // The transaction was rolled back as a whole. A bug ends here too: it must cost its own checks alone, not the one writer that all others need.
      faults.failed(error);
      return { kind: 'charge_failed', turn, cause: error instanceof DependencyDown ? 'outage' : 'bug' };
    }
  };
  return (turn: number, charges: Float64Array): void => {
    post(commit(turn, charges));
    try {
      keeper.bookCharges();
      bookFaults.worked();
    } catch (error) {
      // They stay in the log, and are tried again behind the next turn.
      bookFaults.failed(error);
    }
  };
}
