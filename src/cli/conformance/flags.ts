import { readFile, stat } from 'node:fs/promises';
import { OperationRefused } from '../../domain/operations.ts';
import type { GatewayName } from '../../domain/request.ts';
import { UsageError } from '../failure.ts';
import { toPlace } from './address.ts';
import type { Place } from './address.ts';
import { ENTRANCES, RECIPES, RECIPE_NAMES } from './choices.ts';
import type { Format, RecipeName } from './choices.ts';
import type { GatewayPlace } from './client/gateway-client.ts';
import { loadRecipe } from './recipes.ts';
import { parseExceptions, toExceptions } from './table/exceptions.ts';
import type { ExceptionsText, GatewayExceptions } from './table/exceptions.ts';

/** As commander gives them. */
export interface ConformanceFlags {
  readonly gateway: string;
  readonly gatewayHttp2?: string;
  readonly listen: string;
  readonly upstream: string;
  readonly public?: string;
  readonly entrance?: GatewayName;
  readonly recipe?: RecipeName;
  readonly tokenFile?: string;
  readonly exceptions?: readonly string[];
  readonly format?: Format;
}

/** What a run is to do. */
export interface Plan {
  readonly gateway: GatewayPlace;
  readonly gatewayUrl: string;
  readonly entrance: GatewayName;
  /** Where the gateway asks. */
  readonly listen: string;
  readonly upstream: { readonly host: string; readonly port: number };
  /** Where the gateway asks for Tollgate's own endpoints; absent: it has no routes to them. */
  readonly public?: string;
  /** What the gateway shows; undefined where it shows nothing. */
  readonly token: string | undefined;
  readonly exceptions: GatewayExceptions;
}

/** What the gateway shows with each check; over gRPC nothing. */
export function checkTokenOf({ entrance, token }: Pick<Plan, 'entrance' | 'token'>): string | undefined {
  return entrance === 'envoy-grpc' ? undefined : token;
}

const TOKEN_CHARS_MIN = 32;
const TOKEN_CHARS_MAX = 256;
const VISIBLE = /^[!-~]*$/;
const FILE_BYTES_MAX = 1024 * 1024;

/** Throws `UsageError` or `OperationRefused` for what the person can mend. */
export async function readPlan(flags: ConformanceFlags): Promise<Plan> {
  const { recipe, entrance = recipe && RECIPES[recipe] } = flags;
  if (entrance === undefined) {
    throw new UsageError(
      `say what the gateway speaks: --entrance (${ENTRANCES.join(', ')}) or --recipe (${RECIPE_NAMES.join(', ')})`,
    );
  }
  const gateway = readGateway(flags.gateway, flags.gatewayHttp2);
  const token = flags.tokenFile === undefined ? undefined : await readToken(flags.tokenFile);
  if (token === undefined && entrance !== 'envoy-grpc' && !flags.listen.startsWith('unix:')) {
    throw new UsageError(
      `a gateway that asks over HTTP shows a token: name the file that holds it with --token-file`,
    );
  }
  requireAddress('--listen', flags.listen);
  if (flags.public !== undefined && isOpen(requireAddress('--public', flags.public)) && token === undefined) {
    throw new UsageError(
      '--public on an address that others reach needs --token-file: the gateway shows its token there',
    );
  }
  const upstream = requireAddress('--upstream', flags.upstream);
  if ('path' in upstream) throw new UsageError('--upstream takes host:port');
  const own = recipe === undefined ? [] : [loadRecipe(recipe)];
  const declared = await Promise.all((flags.exceptions ?? []).map(readExceptions));
  return {
    gateway,
    gatewayUrl: flags.gateway,
    entrance,
    listen: flags.listen,
    upstream,
    ...(flags.public === undefined ? {} : { public: flags.public }),
    token,
    exceptions: toExceptions([...declared, ...own]),
  };
}

/** Clients choose from which address of 127.0.0.0/8 they come, which a name may not lead to. */
const LOCAL_NAME = 'localhost';

function readGateway(text: string, http2: string | undefined): GatewayPlace {
  const { hostname, port } = readUrl('--gateway', text);
  const host = hostname === LOCAL_NAME ? '127.0.0.1' : hostname;
  const http2Port = http2 === undefined ? {} : { http2Port: readHttp2Port(http2, hostname) };
  return { host, port, ...http2Port, loopback: host.startsWith('127.') };
}

function readHttp2Port(text: string, gatewayName: string): number {
  const { hostname, port } = readUrl('--gateway-http2', text);
  if (hostname !== gatewayName) throw new UsageError('--gateway-http2 takes the host of --gateway');
  return port;
}

const HTTP_PORT = 80;

function readUrl(flag: string, text: string): { readonly hostname: string; readonly port: number } {
  if (!URL.canParse(text)) throw new UsageError(`${flag} takes a URL like http://127.0.0.1:10000`);
  const { protocol, hostname, port, pathname, search, username, password } = new URL(text);
  if (protocol !== 'http:') {
    throw new UsageError(`${flag} takes http:// alone: every request is sent byte for byte, over clear text`);
  }
  if (username !== '' || password !== '') {
    throw new UsageError(`${flag} takes no name and no password: reports show it`);
  }
  if (pathname !== '/' || search !== '')
    throw new UsageError(`${flag} takes no path: the cases have their own`);
  return {
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? HTTP_PORT : Number(port),
  };
}

function requireAddress(flag: string, text: string): Place {
  const place = toPlace(text);
  if (place === undefined || ('port' in place && place.port === 0)) {
    throw new UsageError(`${flag} takes host:port or unix:/path, as the gateway's configuration has it`);
  }
  return place;
}

function isOpen(place: Place): boolean {
  return 'host' in place && !place.host.startsWith('127.') && place.host !== '::1';
}

async function readToken(name: string): Promise<string> {
  const token = (await readSmallFile(name)).trim();
  const { length } = token;
  if (length >= TOKEN_CHARS_MIN && length <= TOKEN_CHARS_MAX && VISIBLE.test(token)) return token;
  throw new OperationRefused(
    'invalid',
    `${name}: a gateway's token has ${TOKEN_CHARS_MIN} to ${TOKEN_CHARS_MAX} visible ASCII characters`,
  );
}

async function readExceptions(name: string): Promise<ExceptionsText> {
  const text = await readSmallFile(name);
  try {
    return parseExceptions(text);
  } catch (error) {
    throw new OperationRefused(
      'invalid',
      `${name}: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
}

/** Looks before it reads: a device has no end. */
async function readSmallFile(name: string): Promise<string> {
  const stats = await stat(name).catch((error: unknown) => {
    throw new OperationRefused('invalid', error instanceof Error ? error.message : `${name} cannot be read`);
  });
  if (!stats.isFile() || stats.size > FILE_BYTES_MAX) {
    throw new OperationRefused('invalid', `${name}: not a file of a size to read`);
  }
  return readFile(name, 'utf8');
}
