import { NOTHING_MEASURED } from '../../../domain/measurements.ts';
import type { HttpRefusal, Increment, Measurements } from '../../../domain/measurements.ts';

/** Connections that one entrance has closed before a question came on them, or because what came is none. */
export class RefusalCounts {
  private readonly counts = new Map<HttpRefusal, number>();

  add(reason: HttpRefusal): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
  }

  /** Those since the last call. */
  drain(): Measurements {
    const increments = [...this.counts].map(([reason, by]): Increment => {
      return { metric: 'tollgate_http_refusals_total', labels: { reason }, by };
    });
    this.counts.clear();
    return { ...NOTHING_MEASURED, increments };
  }
}
