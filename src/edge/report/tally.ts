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
import { LastUses } from './last-uses.ts';
import { Redigested } from './redigested.ts';
import { Resealed } from './resealed.ts';

/** Log lines one report can carry; what is beyond is counted in a last line. */
export const NOTES_MAX = 100;

/** Gathers what an edge reports, between two reports. */
export class Tally {
  private readonly counts: CheckCounts;
  private readonly durations: ReadonlyMap<GatewayName, BucketCounts>;
  private readonly lastUses = new LastUses();
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
    if (keyRow !== 0) this.lastUses.note(keyRow, now.wallMs);
  }

  /** Wall time of the latest use of a key as far as the store may not know it yet; undefined where there was none lately. */
  lastUseOf(keyRow: number): number | undefined {
    return this.lastUses.find(keyRow);
  }

  /** The next report tells the last uses; others do where so many keys were used that there is no room for more. */
  releaseLastUses(): void {
    this.lastUses.release();
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

  /** What has come together since the last call; of last uses only where they are due. */
  drain(): Report {
    const { checks, increments } = this.counts.drain();
    const redigested = this.redigested.drain();
    const resealed = this.resealed.drain();
    const report: Report = {
      checks,
      ...(redigested && { redigested }),
      ...(resealed && { resealed }),
      lastUsed: this.lastUses.drain(),
      notes: [...this.notes, ...increments.flatMap(toMisconfigured), ...toLoss(this.notesLost)],
      measured: { increments, levels: [], observations: this.observations() },
    };
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
