import type { Note } from '../domain/report.ts';
import type { ConnectionRefusal } from '../lib/listener/tls.ts';
import { MINUTE_MS } from '../domain/time.ts';
import type { Clock } from '../ports.ts';

const REASONS: Readonly<Record<ConnectionRefusal, string>> = {
  tls_failed: 'no TLS as this listener asks for it: version, ALPN, or a certificate of client_ca',
  client_not_named: 'its certificate names none of client_sans',
  no_room: 'as many connections as may be are open, or the system has no room for one more',
};

/** Tells of connections that may not ask: the first at once, then how many there were, once a minute. A peer's own words are never shown. */
export function createRefusalLog(
  clock: Clock,
  note: (note: Note) => void,
): (reason: ConnectionRefusal) => void {
  let count = 0;
  let silentUntilMs = Number.NEGATIVE_INFINITY;
  return (reason) => {
    count += 1;
    const { monotonicMs } = clock.now();
    if (monotonicMs < silentUntilMs) return;
    note({
      level: 'warn',
      message: 'connections to the check listener were refused',
      fields: { count, latest: REASONS[reason] },
    });
    count = 0;
    silentUntilMs = monotonicMs + MINUTE_MS;
  };
}
