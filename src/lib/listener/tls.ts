import type { TLSSocket, TlsOptions } from 'node:tls';
import { matchesAltName } from '../alt-names.ts';
import { findStale } from '../certificates.ts';

/** Texts are PEM. */
export interface ListenerTls {
  readonly certificate: string;
  readonly key: string;
  /** Who may connect; absent: whoever can reach the listener. */
  readonly clients?: {
    readonly authority: string;
    /** `dns:gateway.example` or `uri:spiffe://…`: a certificate must name one of them. That the authority signed it is not enough: it signs others too. */
    readonly altNames: readonly string[];
  };
}

/** Why a connection was closed before it could ask. */
export type ConnectionRefusal = 'tls_failed' | 'client_not_named' | 'no_room';

export interface TlsPromise {
  /** What the peer and the listener agree to speak (ALPN, RFC 7301). */
  readonly protocol: 'h2' | 'http/1.1';
  /** What a peer gets to finish its handshake in. */
  readonly handshakeMs: number;
}

/** TLS 1.2 or newer; a certificate of the clients' authority where there is one. */
export function toTlsOptions(
  { certificate, key, clients }: ListenerTls,
  { protocol, handshakeMs }: TlsPromise,
): TlsOptions {
  return {
    cert: certificate,
    key,
    minVersion: 'TLSv1.2',
    ALPNProtocols: [protocol],
    handshakeTimeout: handshakeMs,
    noDelay: true,
    ...(clients && { ca: clients.authority, requestCert: true, rejectUnauthorized: true }),
  };
}

/** Why the peer of a finished handshake may not speak; undefined where it may. */
export function findTlsRefusal(
  socket: TLSSocket,
  { clients }: ListenerTls,
  { protocol }: Pick<TlsPromise, 'protocol'>,
): ConnectionRefusal | undefined {
  if (!speaks(socket, protocol)) return 'tls_failed';
  return isNamed(socket, clients?.altNames) ? undefined : 'client_not_named';
}

/** HTTP/2 must be agreed upon (RFC 9113 §3.2); who says nothing speaks HTTP/1.1. */
function speaks({ alpnProtocol }: TLSSocket, protocol: TlsPromise['protocol']): boolean {
  return alpnProtocol === protocol || (protocol === 'http/1.1' && !alpnProtocol);
}

/** Undefined names: no certificate is asked for. */
function isNamed(socket: TLSSocket, names: readonly string[] | undefined): boolean {
  if (names === undefined) return true;
  const presented = socket.getPeerX509Certificate()?.subjectAltName;
  return socket.authorized && presented !== undefined && matchesAltName(presented, names);
}

/** Throws where every peer would refuse the certificate, each in words of its own. A stale authority among several harms nobody: it just vouches for no one. */
export function requireFreshCertificate(tls: ListenerTls | undefined, wallMs: number): void {
  const stale = tls && findStale(tls.certificate, wallMs);
  if (stale !== undefined) throw new Error(stale);
}
