import type { GrpcDocument } from '../config/document.ts';
import type { EnvoyGrpcServerOptions } from '../edge/gateway/envoy-grpc/server.ts';

/** Where and how an edge listens for Envoy. */
export type GrpcListener = Pick<
  EnvoyGrpcServerOptions,
  'listen' | 'transport' | 'socketMode' | 'tls' | 'limits' | 'stopDelayMs'
>;

/** The configuration's section, joined with the one part of it that no document holds. */
export function toGrpcListener({ tls, ...section }: GrpcDocument, tlsKey: string | undefined): GrpcListener {
  if (tls === undefined) return section;
  if (tlsKey === undefined) throw new Error('a certificate came without its key');
  return { ...section, tls: { ...tls, key: tlsKey } };
}
