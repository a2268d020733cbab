import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { parentPort, workerData } from 'node:worker_threads';

/** One bounded load of unary calls, sent from a thread of its own. */
export interface LoadPlan {
  readonly address: string;
  readonly connections: number;
  readonly streamsPerConnection: number;
  readonly calls: number;
  /** Framed messages, sent in turn. */
  readonly messages: readonly Uint8Array[];
}

export interface LoadResult {
  readonly calls: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** First and last answer, without their prefix: to be decoded and compared. */
  readonly samples: readonly Uint8Array[];
}

const PATH = '/envoy.service.auth.v3.Authorization/Check';
const HEADERS = { ':method': 'POST', ':path': PATH, te: 'trailers', 'content-type': 'application/grpc' };

class Load {
  private readonly plan: LoadPlan;
  private readonly latencies: Float64Array;
  private readonly samples: Uint8Array[] = [];
  private started = 0;
  private finished = 0;

  constructor(plan: LoadPlan) {
    this.plan = plan;
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
    const sorted = this.latencies.subarray(0, this.finished).sort();
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
    return { calls: this.finished, seconds, p50Ms: at(0.5), p99Ms: at(0.99), samples: this.samples };
  }

  private async lane(session: ClientHttp2Session): Promise<void> {
    while (this.started < this.plan.calls) {
      const index = this.started;
      this.started += 1;
      const begun = performance.now();
      const answer = await call(
        session,
        this.plan.messages[index % this.plan.messages.length] ?? new Uint8Array(),
      );
      this.latencies[this.finished] = performance.now() - begun;
      this.finished += 1;
      if (index === 0 || index === this.plan.calls - 1) this.samples.push(answer.subarray(5));
    }
  }
}

function call(session: ClientHttp2Session, message: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const stream: ClientHttp2Stream = session.request(HEADERS);
    const chunks: Uint8Array[] = [];
    let status = '';
    stream.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    stream.on('trailers', (trailers) => (status = String(trailers['grpc-status'] ?? '')));
    stream.on('response', (headers) => (status = String(headers['grpc-status'] ?? status)));
    stream.on('error', reject);
    stream.on('end', () => {
      if (status === '0') resolve(Buffer.concat(chunks));
      else reject(new Error(`grpc-status ${status}`));
    });
    stream.end(message);
  });
}

parentPort?.postMessage(await new Load(workerData as LoadPlan).run());
