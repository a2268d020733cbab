import type { HttpDocument, HttpSecrets } from '../config/document.ts';
import { joinMeasurements } from '../domain/measurements.ts';
import type { Measurements } from '../domain/measurements.ts';
import type { GatewayName, HttpDialect } from '../domain/request.ts';
import { ENVOY_HTTP } from '../edge/gateway/envoy-http/server.ts';
import { FORWARD_AUTH } from '../edge/gateway/forward-auth/server.ts';
import type { Dialect } from '../edge/gateway/http/dialect.ts';
import { createHttpEntrance } from '../edge/gateway/http/server.ts';
import type { HttpEntranceOptions } from '../edge/gateway/http/server.ts';
import { KONG } from '../edge/gateway/kong/server.ts';
import { NGINX } from '../edge/gateway/nginx/server.ts';

/** Where and how an edge listens for one gateway over HTTP. */
export type HttpPlace = Pick<HttpEntranceOptions, 'listen' | 'socketMode' | 'tls' | 'token'> & {
  readonly dialect: HttpDialect;
};

export interface HttpAddress {
  readonly dialect: HttpDialect;
  /** With the port that was bound. */
  readonly address: string;
}

export interface HttpEntrances {
  /** Binds all of them; resolves to their addresses in the order of the configuration. Rejects with one clear sentence. */
  start(): Promise<readonly HttpAddress[]>;
  /** What they did since they were asked last. */
  measure(): Measurements;
  /** Closes all of them at once. */
  stop(graceMs: number): Promise<void>;
}

const DIALECTS: Readonly<Record<HttpDialect, Dialect>> = {
  'envoy-http': ENVOY_HTTP,
  'forward-auth': FORWARD_AUTH,
  kong: KONG,
  nginx: NGINX,
};

/** The configuration's entries, each joined with the parts of it that no document holds. */
export function toHttpPlaces(
  entries: readonly HttpDocument[],
  secrets: readonly HttpSecrets[],
): readonly HttpPlace[] {
  return entries.map(({ tls, ...entry }, index) => {
    const { token, tlsKey } = secrets[index] ?? {};
    if (tls === undefined) return { ...entry, token };
    if (tlsKey === undefined) throw new Error('a certificate came without its key');
    return { ...entry, token, tls: { ...tls, key: tlsKey } };
  });
}

/** Every gateway whose checks an edge may count. */
export function listGateways(places: readonly { readonly dialect: HttpDialect }[]): readonly GatewayName[] {
  return [...new Set<GatewayName>(['envoy-grpc', ...places.map(({ dialect }) => dialect)])];
}

export function createHttpEntrances(
  places: readonly HttpPlace[],
  shared: Omit<HttpEntranceOptions, keyof HttpPlace>,
): HttpEntrances {
  const entrances = places.map(({ dialect, ...place }) => ({
    dialect,
    entrance: createHttpEntrance(DIALECTS[dialect], { ...shared, ...place }),
  }));
  return {
    async start() {
      const addresses: HttpAddress[] = [];
      for (const { dialect, entrance } of entrances) {
        const { address } = await entrance.start();
        addresses.push({ dialect, address });
      }
      return addresses;
    },
    measure: () => joinMeasurements(...entrances.map(({ entrance }) => entrance.measure())),
    async stop(graceMs) {
      await Promise.all(entrances.map(({ entrance }) => entrance.stop(graceMs)));
    },
  };
}
