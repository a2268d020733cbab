import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { percentilesOf } from '../measure.ts';

/** A bounded load over HTTP/1.1, sent from a thread of its own: so many connections, on each one request at a time. */
export interface LoadPlan {
  readonly port: number;
  readonly connections: number;
  readonly calls: number;
  /** Whole requests, sent in turn. */
  readonly requests: readonly Uint8Array[];
  /** The body of every answer. */
  readonly expected: string;
}

export interface LoadResult {
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Where a gateway hangs. */
const LOAD_MS_MAX = 60_000;
const ANSWER_BYTES_MAX = 65_536;
const SHOWN_CHARS_MAX = 400;

class Load {
  readonly plan: LoadPlan;
  private readonly latenciesMs: Float64Array;
  private started = 0;
  private finished = 0;

  constructor(plan: LoadPlan) {
    this.plan = plan;
    this.latenciesMs = new Float64Array(plan.calls);
  }

  async run(): Promise<LoadResult> {
    const cut = AbortSignal.timeout(LOAD_MS_MAX);
    const begun = performance.now();
    await Promise.all(Array.from({ length: this.plan.connections }, () => new Lane(this, cut).run()));
    const seconds = (performance.now() - begun) / 1_000;
    return { seconds, ...percentilesOf(this.latenciesMs) };
  }

  /** undefined: all were sent. */
  next(): Uint8Array | undefined {
    if (this.started === this.plan.calls) return undefined;
    this.started += 1;
    return this.plan.requests[this.started % this.plan.requests.length];
  }

  done(latencyMs: number): void {
    this.latenciesMs[this.finished] = latencyMs;
    this.finished += 1;
  }
}

/** One connection after another: gateways close theirs after some thousand requests. */
class Lane {
  private readonly load: Load;
  private readonly cut: AbortSignal;
  private readonly ended = Promise.withResolvers<void>();
  private socket: Socket | undefined;
  private received = '';
  private sentMs = 0;

  constructor(load: Load, cut: AbortSignal) {
    this.load = load;
    this.cut = cut;
  }

  run(): Promise<void> {
    this.cut.addEventListener('abort', () => this.fail(new Error('the load had no end in time')));
    this.send();
    return this.ended.promise.finally(() => this.socket?.destroy());
  }

  private send(): void {
    const request = this.load.next();
    if (request === undefined) return this.ended.resolve();
    this.socket ??= this.open();
    this.sentMs = performance.now();
    this.socket.write(request);
  }

  private open(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.load.plan.port, noDelay: true });
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.receive(chunk));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => {
      if (this.socket === socket) this.fail(new Error('the gateway closed a connection'));
    });
    return socket;
  }

  private receive(chunk: string): void {
    this.received += chunk;
    const headEnd = this.received.indexOf('\r\n\r\n');
    if (headEnd < 0) return this.bound();
    const head = this.received.slice(0, headEnd);
    const body = this.received.slice(headEnd + 4);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (body.length < length) return this.bound();
    if (!head.startsWith('HTTP/1.1 200 ') || body !== this.load.plan.expected) {
      return this.fail(new Error(`not expected: ${JSON.stringify(this.received.slice(0, SHOWN_CHARS_MAX))}`));
    }
    this.load.done(performance.now() - this.sentMs);
    this.received = '';
    if (/\r\nconnection: *close/i.test(head)) this.leave();
    this.send();
  }

  private leave(): void {
    const { socket } = this;
    this.socket = undefined;
    socket?.destroy();
  }

  private bound(): void {
    if (this.received.length > ANSWER_BYTES_MAX) this.fail(new Error('an answer has no end'));
  }

  private fail(error: Error): void {
    this.ended.reject(error);
  }
}

parentPort?.postMessage(await new Load(workerData as LoadPlan).run());
