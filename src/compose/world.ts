import type { Reply } from '../domain/reply.ts';
import type { Clock } from '../ports.ts';
import type { Log } from '../telemetry/log.ts';

/** All that the program has of the world around it. */
export interface World {
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** A new random UUID. */
  readonly newRequestId: () => string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Told of each check that was decided, where the edge lives in this thread. */
  readonly onDecided?: (code: Reply['code']) => void;
}
