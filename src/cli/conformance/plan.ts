import type { GatewayName } from '../../domain/request.ts';
import type { GatewayPlace } from './client/gateway-client.ts';
import type { UpstreamPlace } from './client/upstream.ts';
import type { DeclaredExceptions } from './table/exceptions.ts';
import type { LoadedCase } from './table/load.ts';

/** What a run is to do. */
export interface Plan {
  readonly gateway: GatewayPlace;
  readonly gatewayUrl: string;
  readonly entrance: GatewayName;
  /** Where the gateway asks. */
  readonly listen: string;
  readonly upstream: UpstreamPlace;
  /** Where the gateway asks for Tollgate's own endpoints; absent: it has no routes to them. */
  readonly public?: string;
  /** What the gateway shows; undefined where it shows nothing. */
  readonly token: string | undefined;
  /** Every case that there is. */
  readonly table: readonly LoadedCase[];
  readonly exceptions: DeclaredExceptions;
}

/** What the gateway shows with each check; over gRPC nothing. */
export function checkTokenOf({ entrance, token }: Pick<Plan, 'entrance' | 'token'>): string | undefined {
  return entrance === 'envoy-grpc' ? undefined : token;
}
