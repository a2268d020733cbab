import type { Decision } from '../../domain/decision.ts';
import type { Reply } from '../../domain/reply.ts';
import type { CheckCount, Note, Report } from '../../domain/report.ts';
import type { GatewayName } from '../../domain/request.ts';
import type { Now } from '../../domain/time.ts';

/** Keys whose last use one report can carry; further ones wait for their next use. */
export const LAST_USED_MAX = 20_000;
/** Log lines one report can carry; what is beyond is counted in a last line. */
export const NOTES_MAX = 100;

/** Gathers what an edge reports, between two reports. */
export class Tally {
  private readonly gateway: GatewayName;
  private readonly counts = new Map<string, number>();
  private readonly lastUsed = new Map<number, number>();
  private readonly disagreements = new Map<string, number>();
  private notes: Note[] = [];
  private notesLost = 0;

  constructor(gateway: GatewayName) {
    this.gateway = gateway;
  }

  decided(decision: Decision, reply: Reply, now: Now): void {
    // Two closed sets make the label pair closed: APIs of the configuration and reply codes.
    add(this.counts, `${reply.api} ${reply.code}`);
    const keyRow = decision.principal?.keyRow ?? 0;
    if (keyRow !== 0 && (this.lastUsed.size < LAST_USED_MAX || this.lastUsed.has(keyRow))) {
      this.lastUsed.set(keyRow, now.wallMs);
    }
    if (decision.kind === 'deny' && 'fault' in decision.denial && decision.denial.fault === 'other_api') {
      add(this.disagreements, reply.api);
    }
  }

  note(note: Note): void {
    if (this.notes.length < NOTES_MAX) this.notes.push(note);
    else this.notesLost += 1;
  }

  /** What has come together since the last call; undefined when nothing has. */
  drain(): Report | undefined {
    const notes = [...this.notes, ...this.summaries()];
    if (this.counts.size === 0 && notes.length === 0) return undefined;
    const report: Report = { checks: this.checks(), lastUsed: toPairs(this.lastUsed), notes };
    this.counts.clear();
    this.lastUsed.clear();
    this.disagreements.clear();
    this.notes = [];
    this.notesLost = 0;
    return report;
  }

  private checks(): CheckCount[] {
    return [...this.counts].map(([label, count]) => {
      const [api = '', code = 'internal_error'] = label.split(' ');
      return { api, gateway: this.gateway, code: code as CheckCount['code'], count };
    });
  }

  private summaries(): Note[] {
    const disagreements = [...this.disagreements].map(([api, count]): Note => ({
      level: 'warn',
      message: 'the gateway names another API than the one of the host: refused as not found',
      fields: { api, count },
    }));
    if (this.notesLost === 0) return disagreements;
    return [
      ...disagreements,
      { level: 'warn', message: 'log lines dropped', fields: { count: this.notesLost } },
    ];
  }
}

function add(counts: Map<string, number>, label: string): void {
  counts.set(label, (counts.get(label) ?? 0) + 1);
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
