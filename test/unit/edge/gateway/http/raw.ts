import { connect } from 'node:net';
import type { Socket } from 'node:net';

const LIMIT_MS = 5_000;

/** A connection of bytes, for what no HTTP client would send. */
export interface Raw {
  readonly socket: Socket;
  /** Resolves once what came in fits. Rejects with it where it never does. */
  until(fits: (received: string) => boolean): Promise<string>;
  /** All that came in until the other end closed. */
  end(): Promise<string>;
}

export function openRaw(address: string): Raw {
  const [host = '', port = ''] = address.split(':');
  const socket = address.startsWith('unix:')
    ? connect({ path: address.slice('unix:'.length) })
    : connect({ host, port: Number(port) });
  let received = '';
  let closed = false;
  const watchers = new Set<() => void>();
  const tell = (): void => {
    for (const watch of watchers) watch();
  };
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk;
    tell();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed = true;
    tell();
  });
  const wait = async (isDone: () => boolean): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const watch = (): void => {
      if (isDone()) resolve(received);
      else if (closed) reject(new Error(`closed after ${JSON.stringify(received)}`));
    };
    watchers.add(watch);
    const limit = setTimeout(() => reject(new Error(`only ${JSON.stringify(received)}`)), LIMIT_MS);
    watch();
    return promise.finally(() => {
      clearTimeout(limit);
      watchers.delete(watch);
    });
  };
  return { socket, until: (fits) => wait(() => fits(received)), end: () => wait(() => closed) };
}

/** Sends bytes and reads until the other end closes. */
export async function sendRaw(address: string, bytes: string): Promise<string> {
  const raw = openRaw(address);
  raw.socket.write(bytes, 'latin1');
  return raw.end();
}
