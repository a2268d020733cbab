import { SECOND_MS } from '../../domain/time.ts';
import type { Repeats } from '../../ports.ts';
import { fromCheck } from './fingerprint.ts';
import { createSettledChecks } from './settled.ts';
import { createChecksUnderWay } from './under-way.ts';

/** How long a check is remembered, from its own time on. */
export const KEPT_MS = 5 * SECOND_MS;
/** 132 bytes each. Above 26,000 checks a second the oldest give way before their 5 s are over: at twice that rate after 2.5 s. */
const RECORDS_MAX_DEFAULT = 131_072;
const RECORDS_MAX_LIMIT = 2 ** 24;
/** Spendings that fit no record: more limits than it holds, or a rare denial. The oldest give way. */
export const ODD_MAX = 1_024;
/** Checks whose spending is waited for at once. */
const UNDER_WAY_MAX_DEFAULT = 16_384;

export interface RepeatsOptions {
  /** Checks that are remembered at once: between 1 and 2^24. */
  readonly recordsMax?: number;
  /** Checks whose spending is waited for at once: at least 1. */
  readonly underWayMax?: number;
}

/**
 * Remembers in this process, for KEPT_MS on the monotonic clock, what checks spent.
 * A check without the gateway's own request id cannot be told from its neighbour and is never taken for a repeat.
 * Who joins a check under way shares its end, also an outage or a rejection; neither is remembered.
 * Where `underWayMax` checks are under way, a new one is refused as an outage of `credits`, which is what they wait for:
 * a check that cannot be followed could be paid for twice. One that never ends gives way after KEPT_MS.
 */
export function createRepeats(options: RepeatsOptions = {}): Repeats {
  const { recordsMax = RECORDS_MAX_DEFAULT, underWayMax = UNDER_WAY_MAX_DEFAULT } = options;
  if (!Number.isInteger(recordsMax) || recordsMax < 1 || recordsMax > RECORDS_MAX_LIMIT) {
    throw new RangeError('recordsMax is out of range');
  }
  if (!Number.isInteger(underWayMax) || underWayMax < 1) throw new RangeError('underWayMax is out of range');
  const settled = createSettledChecks({ recordsMax, oddMax: ODD_MAX, keptMs: KEPT_MS });
  const underWay = createChecksUnderWay({ underWayMax, keptMs: KEPT_MS, settled });

  return {
    once(check, now, spend) {
      if (check.request.gatewayRequestId === '') return spend();
      const asked = fromCheck(check, now);
      const known = settled.find(asked) ?? underWay.find(asked);
      if (known !== undefined) return known;
      if (!underWay.hasRoom(asked.atMs)) return { kind: 'outage', dependency: 'credits' };

      const spending = spend();
      if (spending instanceof Promise) return underWay.follow(asked, spending);
      settled.remember(asked, spending);
      return spending;
    },
  };
}
