import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { parentPort, workerData } from 'node:worker_threads';
import { percentilesOf } from './measure.ts';

/** One bounded load of unary calls, as many in flight as there are streams: from a worker of this file, or by `runLoad`. */
export interface LoadPlan {
  readonly address: string;
  /** Of the method; Envoy's Check where absent. */
  readonly path?: string;
  readonly connections: number;
  readonly streamsPerConnection: number;
  readonly calls: number;
  /** Framed messages, sent in turn. */
  readonly messages: readonly Uint8Array[];
  /** Of so many answers one is kept; absent: the first and the last. */
  readonly sampleEvery?: number;
}

export interface LoadResult {
  readonly calls: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers without their prefix: to be decoded and compared. */
  readonly samples: readonly Uint8Array[];
}

const CHECK_PATH = '/envoy.service.auth.v3.Authorization/Check';
/** gRPC's prefix of a message: a byte and a length. */
const PREFIX_BYTES = 5;

/** Rejects where a call fails or its status is not OK. */
export function runLoad(plan: LoadPlan): Promise<LoadResult> {
  return new Load(plan).run();
}

/** The headers of every call. */
export function toCallHeaders(path = CHECK_PATH) {
  return { ':method': 'POST', ':path': path, te: 'trailers', 'content-type': 'application/grpc' };
}

class Load {
  private readonly plan: LoadPlan;
  private readonly headers: OutgoingHttpHeaders;
  private readonly latencies: Float64Array;
  private readonly samples: Uint8Array[] = [];
  private started = 0;
  private finished = 0;

  constructor(plan: LoadPlan) {
    this.plan = plan;
    this.headers = toCallHeaders(plan.path);
    this.latencies = new Float64Array(plan.calls);
  }

  async run(): Promise<LoadResult> {
    const sessions = Array.from({ length: this.plan.connections }, () =>
      connect(`http://${this.plan.address}`),
    );
    const begun = performance.now();
    await Promise.all(
      sessions.flatMap((session) =>
        Array.from({ length: this.plan.streamsPerConnection }, () => this.lane(session)),
      ),
    );
    const seconds = (performance.now() - begun) / 1000;
    for (const session of sessions) session.close();
    const latencies = this.latencies.subarray(0, this.finished);
    return { calls: this.finished, seconds, ...percentilesOf(latencies), samples: this.samples };
  }

  private async lane(session: ClientHttp2Session): Promise<void> {
    const { calls, messages, sampleEvery = Infinity } = this.plan;
    while (this.started < calls) {
      const index = this.started;
      this.started += 1;
      const begun = performance.now();
      const message = messages[index % messages.length] ?? new Uint8Array();
      const answer = await call(session, this.headers, message);
      this.latencies[this.finished] = performance.now() - begun;
      this.finished += 1;
      if (index % sampleEvery === 0 || index === calls - 1) this.samples.push(answer);
    }
  }
}

/** One call's answer, without its prefix. Rejects where its status is not OK. */
export function call(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  message: Uint8Array,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const stream: ClientHttp2Stream = session.request(headers);
    const chunks: Uint8Array[] = [];
    let status = '';
    stream.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    stream.on('trailers', (trailers) => (status = String(trailers['grpc-status'] ?? '')));
    stream.on('response', (headers) => (status = String(headers['grpc-status'] ?? status)));
    stream.on('error', reject);
    stream.on('end', () => {
      if (status === '0') resolve(Buffer.concat(chunks).subarray(PREFIX_BYTES));
      else reject(new Error(`grpc-status ${status}`));
    });
    stream.end(message);
  });
}

parentPort?.postMessage(await runLoad(workerData as LoadPlan));
