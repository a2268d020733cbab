import type { Note } from '../domain/report.ts';
import type { ConnectionRefusal } from '../lib/listener/tls.ts';
import { MINUTE_MS } from '../domain/time.ts';
import type { Clock } from '../ports.ts';
import { createRareNote } from './rare-note.ts';

const REASONS: Readonly<Record<ConnectionRefusal, string>> = {
  tls_failed: 'no TLS as this listener asks for it: version, ALPN, or a certificate of client_ca',
  client_not_named: 'its certificate names none of client_sans',
  no_room: 'as many connections as may be are open, or the system has no room for one more',
};

/** Tells of connections that may not ask, once a minute. A peer's own words are never shown. */
export function createRefusalLog(
  clock: Clock,
  note: (note: Note) => void,
): (reason: ConnectionRefusal) => void {
  const tell = createRareNote({ clock, note, everyMs: MINUTE_MS });
  return (reason) => tell('connections to the check listener were refused', { latest: REASONS[reason] });
}
