import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';

/** By what a gateway proves that it is the one that was meant. */
export interface GatewayTls {
  /** Told to the gateway (RFC 6066 §3) and looked for in its certificate; absent: an address is, which is told to nobody. */
  readonly serverName?: string;
  /** Authorities in PEM; absent: those that Node trusts. */
  readonly ca?: string;
}

/** Where and how to connect. */
export interface Address {
  /** Absent: 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  /** The address of 127.0.0.0/8 from which the client connects; absent: the system's choice. */
  readonly localAddress?: string;
  /** Absent: clear text. */
  readonly tls?: GatewayTls;
}

/** A connection on which HTTP/1.1 is to be spoken, once there is a `connect` or, over TLS, a `secureConnect`. */
export function connectTo({ host = '127.0.0.1', port, localAddress, tls }: Address): Socket {
  const place = { host, port, ...(localAddress === undefined ? {} : { localAddress }) };
  if (tls === undefined) return connectTcp(place);
  return connectTls({ ...place, ALPNProtocols: ['http/1.1'], ...toOptions(tls) });
}

/** As `node:tls` and `node:http2` take it. A certificate that does not prove who is there ends the connection, whatever the environment says. */
export function toOptions({ serverName, ca }: GatewayTls): ConnectionOptions {
  return {
    rejectUnauthorized: true,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(ca === undefined ? {} : { ca }),
  };
}
