import { setTimeout as pause } from 'node:timers/promises';
import type { MadeIds } from '../request-ids.ts';
import { toSortedLines } from './client.ts';
import type { Client, SeenAnswer, SentHeader, SentRequest } from './client.ts';
import type { Address, GatewayTls } from './connect.ts';
import { askGrpc } from './grpc-http.ts';
import { askRaw } from './raw-http.ts';
import type { RawAnswer } from './raw-http.ts';
import type { Received, Upstream } from './upstream.ts';

/** Where a gateway listens. */
export interface GatewayPlace {
  readonly host: string;
  readonly port: number;
  /** Where it speaks HTTP/2, as gRPC clients do; absent: on the same port. */
  readonly http2Port?: number;
  /** On both ports; absent: clear text. */
  readonly tls?: GatewayTls;
  /** Whether clients may choose from which address of 127.0.0.0/8 they come. */
  readonly loopback: boolean;
}

/** Where a client of that address connects. */
export function addressOf({ host, port, tls, loopback }: GatewayPlace, peer = '127.0.0.1'): Address {
  return {
    host,
    port,
    ...(tls === undefined ? {} : { tls }),
    ...(loopback ? { localAddress: peer } : {}),
  };
}

export interface GatewayClientOptions {
  readonly place: GatewayPlace;
  readonly upstream: Upstream;
  readonly ids: MadeIds;
  /** Told of each request that was refused for want of time and is asked again. */
  readonly onAskedAgain?: () => unknown;
}

/** What gateways and HTTP itself put on every answer. */
const NOT_OURS =
  /^(?:connection|content-length|date|keep-alive|server|transfer-encoding|via|x-envoy-upstream-service-time|x-request-id|x-kong-[a-z-]+)$/;

/** A busy machine makes Tollgate or its gateway give up; no case promises such an answer. */
const TRIES_MAX = 5;
const AGAIN_MS = 50;

/** Sends through a gateway, byte for byte, one request after another. Rejects with `NoAnswer`. */
export function createGatewayClient(options: GatewayClientOptions): Client {
  return {
    ask: async (sent) => askAgainWhere(isRefusedForWork, () => askOnce(sent, options), options.onAskedAgain),
  };
}

/** The first answer that was not refused for want of time, or the last one. */
export async function askAgainWhere<T>(
  isRefused: (seen: T) => boolean,
  ask: () => Promise<T>,
  onAskedAgain?: () => unknown,
): Promise<T> {
  let seen = await ask();
  for (let tries = 1; isRefused(seen) && tries < TRIES_MAX; tries += 1) {
    onAskedAgain?.();
    await pause(AGAIN_MS);
    seen = await ask();
  }
  return seen;
}

/** What got to the application was not refused, whatever the client was told. */
function isRefusedForWork({ status, headers, upstream }: SeenAnswer): boolean {
  return upstream === undefined && (status === 503 || headers.includes('grpc-status: 14'));
}

async function askOnce(
  sent: SentRequest,
  { place, upstream, ids }: GatewayClientOptions,
): Promise<SeenAnswer> {
  upstream.take();
  const before = ids.count();
  const answer = await send(sent, place);
  const made = ids.count() - before;
  const { status, headers, body } = answer;
  return {
    status,
    headers: toSortedLines(headers.filter(([name]) => !NOT_OURS.test(name))),
    body,
    requestId: made === 0 ? readRequestId(answer, sent) : ids.last(),
    upstream: toLines(upstream.take().at(-1)),
  };
}

function send(sent: SentRequest, place: GatewayPlace): Promise<RawAnswer> {
  const address = addressOf(place, sent.peer);
  if (sent.protocol === 'grpc') return askGrpc({ ...address, port: place.http2Port ?? place.port }, sent);
  return askRaw({
    ...address,
    method: sent.method,
    target: sent.path,
    headers: [['Host', sent.host], ...sent.headers],
  });
}

function toLines(received: Received | undefined): SeenAnswer['upstream'] {
  return received && toSortedLines(received.headers);
}

/** The gateway's own, where it tells it; else the one that stands where the API has a place for it. */
function readRequestId({ headers, body }: RawAnswer, { headers: sent }: SentRequest): string {
  const kongs = find(headers, 'x-kong-request-id');
  return (
    find(headers, 'x-request-id') ??
    // Kong takes a client's own over.
    (kongs === undefined ? undefined : (find(sent, 'x-request-id') ?? toUuid(kongs))) ??
    /"request_id":"(?<id>[0-9a-f-]{36})"/.exec(body)?.groups?.['id'] ??
    'none on the answer'
  );
}

function find(among: readonly SentHeader[], wanted: string): string | undefined {
  return among.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

function toUuid(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
