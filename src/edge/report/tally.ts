import { BucketCounts } from '../../domain/bucket-counts.ts';
import type { Decision } from '../../domain/decision.ts';
import type { SealedKeyRecord } from '../../domain/feed-records.ts';
import { BUCKETS_SECONDS } from '../../domain/measurements.ts';
import type { Increment, Observations } from '../../domain/measurements.ts';
import type { Reply } from '../../domain/reply.ts';
import type { Note, Report } from '../../domain/report.ts';
import type { GatewayName } from '../../domain/request.ts';
import { SECOND_MS } from '../../domain/time.ts';
import type { Now } from '../../domain/time.ts';
import { createCheckCounts } from './check-counts.ts';
import type { CheckCounts, CheckCountsOptions } from './check-counts.ts';
import { Redigested } from './redigested.ts';
import { Resealed } from './resealed.ts';

/** Keys whose last use one report can carry; further ones wait for their next use. */
export const LAST_USED_MAX = 20_000;
/** Log lines one report can carry; what is beyond is counted in a last line. */
export const NOTES_MAX = 100;

/** Gathers what an edge reports, between two reports. */
export class Tally {
  private readonly counts: CheckCounts;
  private readonly durations: ReadonlyMap<GatewayName, BucketCounts>;
  private lastUsed = new Map<number, number>();
  /** What the latest report told: the store may not have written it yet. */
  private reported: ReadonlyMap<number, number> = new Map();
  private readonly redigested = new Redigested();
  private readonly resealed = new Resealed();
  private notes: Note[] = [];
  private notesLost = 0;

  constructor(options: CheckCountsOptions) {
    this.counts = createCheckCounts(options);
    const bounds = BUCKETS_SECONDS.tollgate_check_seconds;
    this.durations = new Map(options.gateways.map((gateway) => [gateway, new BucketCounts(bounds)]));
  }

  decided(decision: Decision, reply: Reply, now: Now, gateway: GatewayName): void {
    this.counts.decided(decision, reply, gateway);
    const keyRow = decision.principal?.keyRow ?? 0;
    if (keyRow !== 0) this.noteUse(keyRow, now.wallMs);
  }

  private noteUse(keyRow: number, wallMs: number): void {
    const latestMs = this.lastUsed.get(keyRow);
    // A check that waited for its credits may be decided after younger ones.
    const isNews = latestMs === undefined ? this.lastUsed.size < LAST_USED_MAX : wallMs > latestMs;
    if (isNews) this.lastUsed.set(keyRow, wallMs);
  }

  /** Wall time of the latest use of a key that was or will be reported about now; undefined where there was none lately. */
  lastUseOf(keyRow: number): number | undefined {
    return this.lastUsed.get(keyRow) ?? this.reported.get(keyRow);
  }

  /** How long one check took, from its request to its reply. */
  took(durationMs: number, gateway: GatewayName): void {
    this.durations.get(gateway)?.add(durationMs / SECOND_MS);
  }

  /** A check that was answered with what an earlier one had spent. */
  repeated(api: string): void {
    this.counts.repeated(api);
  }

  spent(api: string, credits: number): void {
    this.counts.spent(api, credits);
  }

  /** A key that was found under a retired pepper, and its digest under the current one. */
  foundRetired(keyRow: number, digest: Int32Array): void {
    this.redigested.add(keyRow, digest);
  }

  /** A key that was opened under a retired sealing key; `reseal` seals it under the current one. */
  foundRetiredSeal(keyRow: number, reseal: () => SealedKeyRecord): void {
    this.resealed.add(keyRow, reseal);
  }

  note(note: Note): void {
    if (this.notes.length < NOTES_MAX) this.notes.push(note);
    else this.notesLost += 1;
  }

  /** What has come together since the last call. */
  drain(): Report {
    const { checks, increments } = this.counts.drain();
    const redigested = this.redigested.drain();
    const resealed = this.resealed.drain();
    const report: Report = {
      checks,
      ...(redigested && { redigested }),
      ...(resealed && { resealed }),
      lastUsed: toPairs(this.lastUsed),
      notes: [...this.notes, ...increments.flatMap(toMisconfigured), ...toLoss(this.notesLost)],
      measured: { increments, levels: [], observations: this.observations() },
    };
    this.reported = this.lastUsed;
    this.lastUsed = new Map();
    this.notes = [];
    this.notesLost = 0;
    return report;
  }

  private observations(): Observations[] {
    return [...this.durations].flatMap(([gateway, durations]): Observations[] => {
      const bucketed = durations.drain();
      return bucketed === undefined
        ? []
        : [{ metric: 'tollgate_check_seconds', labels: { gateway }, bucketed }];
    });
  }
}

/** What no client but only a gateway's configuration can be to blame for. */
function toMisconfigured({ metric, labels, by }: Increment): Note[] {
  const warn = (api: string, message: string): Note[] => [
    { level: 'warn', message, fields: { api, count: by } },
  ];
  if (metric === 'tollgate_not_found_total' && labels.fault === 'other_api') {
    return warn(labels.api, 'the gateway names another API than the one of the host: refused as not found');
  }
  if (metric === 'tollgate_ambiguous_requests_total' && labels.fault === 'unreadable') {
    return warn(labels.api, 'the gateway does not say, once each, what it asks about: refused as ambiguous');
  }
  return [];
}

function toLoss(count: number): Note[] {
  return count === 0 ? [] : [{ level: 'warn', message: 'log lines dropped', fields: { count } }];
}

function toPairs(lastUsed: ReadonlyMap<number, number>): Float64Array {
  const pairs = new Float64Array(lastUsed.size * 2);
  let at = 0;
  for (const [row, wallMs] of lastUsed) {
    pairs[at] = row;
    pairs[at + 1] = wallMs;
    at += 2;
  }
  return pairs;
}
