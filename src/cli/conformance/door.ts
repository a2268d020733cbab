import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { toPlace } from './address.ts';

/** A Tollgate that can be taken away from its gateway; each call ends what was there before. */
export interface Door {
  /** Nobody listens any more. */
  close(): Promise<void>;
  /** Connections are taken and nothing is said. */
  fallSilent(): Promise<void>;
  /** Whether anybody has spoken to the silence. */
  wasHeard(): boolean;
  /** A Tollgate that wants another token than the gateway shows. */
  changeToken(): Promise<void>;
}

export interface Stoppable {
  stop(): Promise<void>;
}

export interface DoorOptions {
  /** Where the gateway asks. */
  readonly address: string;
  /** What answers there now. */
  readonly first: Stoppable;
  /** Starts a Tollgate there that wants another token. */
  readonly startOther: () => Promise<Stoppable>;
}

/** `stop` ends whatever is there. */
export function createDoor({ address, first, startOther }: DoorOptions): Door & Stoppable {
  let current: Stoppable | undefined = first;
  let heard = false;
  const stop = async (): Promise<void> => {
    const ending = current;
    current = undefined;
    await ending?.stop();
  };
  return {
    close: stop,
    stop,
    async fallSilent() {
      await stop();
      heard = false;
      current = await startSilence(address, () => (heard = true));
    },
    wasHeard: () => heard,
    async changeToken() {
      await stop();
      current = await startOther();
    },
  };
}

const CONNECTIONS_MAX = 256;

/** At `127.0.0.1:9001` or `unix:/path`, and tells of every word. Rejects with what the operating system says where it cannot listen. */
export async function startSilence(address: string, onWord: () => unknown): Promise<Stoppable> {
  const place = toPlace(address);
  if (place === undefined) throw new Error(`${address} is no address`);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).on('data', onWord));
    socket.once('close', () => sockets.delete(socket));
  });
  server.maxConnections = CONNECTIONS_MAX;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(place, () => resolve());
  await promise;
  return {
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
