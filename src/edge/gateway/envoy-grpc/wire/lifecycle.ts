import type { Duplex } from 'node:stream';
import type { Calls } from './calls.ts';
import type { Dispatch } from './dispatch.ts';
import type { FrameReader } from './frame-reader.ts';
import { ERROR, FRAME, INT31_MAX } from './frames.ts';
import type { ErrorCode } from './frames.ts';
import type { Piece } from './intake.ts';
import { TICK_MS } from './limits.ts';
import type { Line } from './line.ts';
import type { Shared } from './shared.ts';
import { Standstill } from './standstill.ts';

export interface LifecycleOptions {
  readonly socket: Duplex;
  readonly shared: Shared;
  readonly line: Line;
  readonly calls: Calls;
  readonly reader: FrameReader;
  readonly dispatch: Dispatch;
  /** Runs what no frame caused, under the same guard as what one did. */
  readonly later: (work: () => void) => void;
  readonly goaway: (lastId: number, code: ErrorCode, reason: string) => void;
}

/** What a ping says. Two words, for the answer to a question from before must not pass for one that was given after a GOAWAY. */
const PING = {
  alive: Buffer.from('anybody?', 'latin1'),
  farewell: Buffer.from('tollgate', 'latin1'),
} as const;
/** How much a connection's age may differ from what is set, up and down. */
const AGE_JITTER = 0.1;

/**
 * When a connection ends: by itself for its age or for want of calls, because all must go, or because its peer stands still.
 * It goes in two steps (RFC 9113 §6.8): first "open nothing more", and once the peer must have read that, "this was the last".
 */
export class Lifecycle {
  private readonly options: LifecycleOptions;
  private readonly bornMs: number;
  private readonly ageMs: number;
  private readonly frames: Standstill;
  private readonly writes: Standstill;
  private stage: 'open' | 'announced' | 'draining' | 'cut' = 'open';
  private announcedMs = 0;
  private lastCallMs: number;
  private lastReadMs: number;
  private hasRead = true;
  private pingedMs: number | undefined;
  private cutting: NodeJS.Timeout | undefined;

  constructor(options: LifecycleOptions) {
    this.options = options;
    const { limits, nowMs, random } = options.shared;
    this.bornMs = nowMs();
    this.lastCallMs = this.bornMs;
    this.lastReadMs = this.bornMs;
    this.ageMs = limits.ageMs * (1 - AGE_JITTER + 2 * AGE_JITTER * random());
    this.frames = new Standstill(limits.requestMs);
    this.writes = new Standstill(limits.writeStallMs);
  }

  onRead(): void {
    this.hasRead = true;
  }

  onIdle(): void {
    this.lastCallMs = this.options.shared.clock.coarseMs;
    if (this.stage === 'draining') this.end();
  }

  /** The peer has read all that was sent before the ping. */
  onPong({ bytes, start, end }: Piece): void {
    if (this.stage === 'announced' && PING.farewell.equals(bytes.subarray(start, end))) this.commit();
  }

  tick(nowMs: number): void {
    const { line, reader, shared, dispatch } = this.options;
    line.rest();
    reader.rest();
    if (line.isOver) return;
    const { prefaceMs, idleMs } = shared.limits;
    if (!dispatch.hasSettings && nowMs - this.bornMs > prefaceMs) return this.stall('no SETTINGS');
    if (this.standsStill(nowMs)) return this.stall('nothing moves');
    this.endLateCalls(nowMs);
    this.keepAlive(nowMs);
    const isIdle = this.options.calls.open.size === 0 && nowMs - this.lastCallMs > idleMs;
    if (isIdle || nowMs - this.bornMs > this.ageMs) this.drain(shared.limits.drainMs);
    if (this.stage === 'announced' && nowMs - this.announcedMs >= TICK_MS) this.commit();
  }

  /** Open calls may end; what is left after `graceMs` is cut. Asked again, the shorter time holds. */
  drain(graceMs: number): void {
    const { line, goaway, shared } = this.options;
    if (this.stage === 'open') {
      if (line.isOver) return;
      this.stage = 'announced';
      this.announcedMs = shared.nowMs();
      goaway(INT31_MAX, ERROR.none, '');
      this.ping(PING.farewell);
      this.cutAfter(graceMs);
    } else if (this.stage !== 'cut' && graceMs < shared.limits.drainMs) {
      this.cutAfter(graceMs);
    }
  }

  close(): void {
    clearTimeout(this.cutting);
  }

  private cutAfter(graceMs: number): void {
    clearTimeout(this.cutting);
    this.cutting = setTimeout(() => this.options.later(() => this.cut()), graceMs);
  }

  private commit(): void {
    const { calls, goaway } = this.options;
    this.stage = 'draining';
    calls.ids.lastTaken = calls.ids.last;
    goaway(calls.ids.last, ERROR.none, '');
    if (calls.open.size === 0) this.end();
  }

  /** Answers that the system has not taken yet have time to leave. */
  private end(): void {
    const { line, shared } = this.options;
    line.end(shared.limits.drainMs);
  }

  private cut(): void {
    const { line, calls, shared } = this.options;
    if (this.stage === 'announced') this.commit();
    const { lingerMs } = shared.limits;
    if (line.isOver) return line.destroyAfter(lingerMs);
    this.stage = 'cut';
    calls.cancelAll();
    line.flush();
    // It was told twice to go and has no calls left: where it ends the connection itself, it sees its calls cancelled and not lost.
    this.cutting = setTimeout(() => line.end(lingerMs), lingerMs);
  }

  private standsStill(nowMs: number): boolean {
    const { reader, dispatch, line } = this.options;
    const frames = reader.isMidFrame || dispatch.isMidBlock ? reader.frameCount : undefined;
    const written = line.unsentBytes > 0 ? line.takenBytes : undefined;
    // Both are asked every time: each remembers since when.
    const areFramesStill = this.frames.isOver(frames, nowMs);
    return this.writes.isOver(written, nowMs) || areFramesStill;
  }

  private stall(reason: string): void {
    const { shared, calls, goaway, line } = this.options;
    shared.counts.refused('stalled');
    goaway(calls.ids.last, ERROR.none, reason);
    calls.abandonAll();
    line.end(shared.limits.lingerMs);
  }

  private endLateCalls(nowMs: number): void {
    const { calls, shared } = this.options;
    const { requestMs, answerMs } = shared.limits;
    for (const stream of calls.open) {
      const isLate = stream.isAnswered
        ? nowMs - stream.answeredMs > answerMs
        : !stream.isEnded && nowMs - stream.openedMs > requestMs;
      if (isLate) calls.reset(stream, ERROR.cancel);
    }
  }

  /** A peer whose host is gone says nothing, not even that. */
  private keepAlive(nowMs: number): void {
    const { shared, socket } = this.options;
    const { pingMs, pingTimeoutMs } = shared.limits;
    if (this.hasRead) {
      this.hasRead = false;
      this.lastReadMs = nowMs;
      this.pingedMs = undefined;
    } else if (this.pingedMs === undefined) {
      if (nowMs - this.lastReadMs < pingMs) return;
      this.pingedMs = nowMs;
      this.ping(PING.alive);
    } else if (nowMs - this.pingedMs > pingTimeoutMs) {
      shared.counts.refused('stalled');
      socket.destroy();
    }
  }

  private ping(text: Buffer): void {
    const { output } = this.options.line;
    output.putFrameHeader(FRAME.ping, 0, 0, text.length);
    output.put(text);
  }
}
