import { createServer } from 'node:net';

/** Below the ports that Linux gives to whoever asks for any: no connection takes one between its choice and its use, or while a server restarts. */
const LOWEST = 20_000;
const COUNT = 12_000;
const TRIES_MAX = 100;

/** A port of 127.0.0.1 on which nobody listens. Throws where none is found. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = LOWEST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port in ${TRIES_MAX} tries`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
