import { isIP } from 'node:net';
import { OperationRefused } from '../../domain/operations.ts';
import { parseCertificates } from '../../lib/certificates.ts';
import { UsageError } from '../failure.ts';
import type { GatewayTls } from './client/connect.ts';
import type { GatewayPlace } from './client/gateway-client.ts';
import { readSmallFile } from './small-file.ts';

/** What a person says of where the gateway is. */
export interface GatewayFlags {
  readonly gateway: string;
  readonly gatewayHttp2?: string;
  readonly gatewayCa?: string;
  readonly gatewayName?: string;
}

/** Clients choose from which address of 127.0.0.0/8 they come, which a name may not lead to. */
const LOCAL_NAME = 'localhost';
const HOST_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?$/i;

/** Throws `UsageError` or `OperationRefused` for what the person can mend. */
export async function readGatewayPlace(flags: GatewayFlags): Promise<GatewayPlace> {
  const { protocol, hostname, port } = readUrl('--gateway', flags.gateway);
  const host = hostname === LOCAL_NAME ? '127.0.0.1' : hostname;
  const tls = protocol === 'https:' ? await readTls(flags, hostname) : requireNoTls(flags);
  return {
    host,
    port,
    ...(flags.gatewayHttp2 === undefined ? {} : { http2Port: readHttp2Port(flags.gatewayHttp2, flags) }),
    ...(tls === undefined ? {} : { tls }),
    loopback: host.startsWith('127.'),
  };
}

function readHttp2Port(text: string, { gateway }: GatewayFlags): number {
  const [url, other] = [readUrl('--gateway-http2', text), readUrl('--gateway', gateway)];
  if (url.hostname !== other.hostname || url.protocol !== other.protocol) {
    throw new UsageError('--gateway-http2 takes the scheme and the host of --gateway');
  }
  return url.port;
}

async function readTls({ gatewayCa, gatewayName }: GatewayFlags, hostname: string): Promise<GatewayTls> {
  if (gatewayName !== undefined && (!HOST_NAME.test(gatewayName) || isIP(gatewayName) !== 0)) {
    throw new UsageError('--gateway-name takes a host name, as the certificate has it');
  }
  const serverName = gatewayName ?? (isIP(hostname) === 0 ? hostname : undefined);
  return {
    ...(serverName === undefined ? {} : { serverName }),
    ...(gatewayCa === undefined ? {} : { ca: await readAuthorities(gatewayCa) }),
  };
}

async function readAuthorities(name: string): Promise<string> {
  const text = await readSmallFile(name);
  if (parseCertificates(text) !== undefined) return text;
  throw new OperationRefused('invalid', `${name}: holds no certificates in PEM`);
}

function requireNoTls({ gatewayCa, gatewayName }: GatewayFlags): undefined {
  if (gatewayCa !== undefined || gatewayName !== undefined) {
    throw new UsageError('--gateway-ca and --gateway-name are for a gateway at https://');
  }
  return undefined;
}

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

interface ReadUrl {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number;
}

function readUrl(flag: string, text: string): ReadUrl {
  if (!URL.canParse(text)) throw new UsageError(`${flag} takes a URL like http://127.0.0.1:10000`);
  const { protocol, hostname, port, pathname, search, username, password } = new URL(text);
  const usualPort = PORTS[protocol];
  if (usualPort === undefined) throw new UsageError(`${flag} takes http:// or https://`);
  if (username !== '' || password !== '') {
    throw new UsageError(`${flag} takes no name and no password: reports show it`);
  }
  if (pathname !== '/' || search !== '')
    throw new UsageError(`${flag} takes no path: the cases have their own`);
  return {
    protocol,
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? usualPort : Number(port),
  };
}
