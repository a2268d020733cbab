import * as z from 'zod';
import { TRANSPORTS } from '../../edge/gateway/envoy-grpc/limits.ts';
import { SOCKET_FOLDER_CHARS_MAX, SOCKET_PATH_CHARS_MAX, isListen } from './listen.ts';
import { secretText } from './secret-text.ts';
import { distinct, durationBetween } from './text.ts';

const FILE_CHARS_MAX = 1_024;

export const listen = z.string().refine(isListen, {
  error: `expected host:port (port 0: any free one) or unix:/path/of/socket (at most ${SOCKET_PATH_CHARS_MAX} characters, its folder ${SOCKET_FOLDER_CHARS_MAX})`,
});

/** Connecting needs the right to write: without it for the owner nobody could. Written as text, because YAML 1.2 reads 0660 as 660. */
export const socketMode = z
  .string()
  .regex(/^0[2367][0-7]{2}$/, "expected the rights of a file such as '0660', in quotes");

const pemFile = z
  .string()
  .min(1, 'expected the path of a file')
  .max(FILE_CHARS_MAX, `expected at most ${FILE_CHARS_MAX} characters`);

/** Characters that no name needs and that could be read in two ways are left out, so that two texts are equal where two names are. */
const altName = z
  .string()
  .regex(
    /^(?:dns:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|uri:[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?#@!$&*+;=%-]+)$/,
    'expected a name such as dns:gateway.internal or uri:spiffe://cluster.local/ns/edge/sa/envoy',
  );

export const tls = z.strictObject({
  certificate: pemFile,
  key: secretText,
  client_ca: pemFile.optional(),
  client_sans: distinct(altName).default([]),
});

/** Each from the least that still works to the most that a machine bears. */
const limits = z.strictObject({
  connections: z.int().min(1).max(65_536).default(1024),
  streams: z.int().min(1).max(65_536).default(1000),
  checks: z.int().min(1).max(100_000).default(4000),
  message_bytes: z.int().min(16_384).max(16_777_216).default(1_048_576),
  idle: durationBetween(1_000, 86_400_000).prefault('10m'),
  age: durationBetween(1_000, 86_400_000).prefault('30m'),
});

/** The listener that Envoy asks. */
export const grpcListener = z
  .strictObject({
    listen: listen.default('127.0.0.1:9000'),
    transport: z.enum(TRANSPORTS).default('wire'),
    socket_mode: socketMode.default('0660'),
    tls: tls.optional(),
    stop_delay: durationBetween(0, 30_000).prefault('0ms'),
    limits: limits.prefault({}),
  })
  .prefault({});

export type GrpcSection = z.output<typeof grpcListener>;
