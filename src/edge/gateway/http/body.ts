import type { IncomingMessage } from 'node:http';

export const NO_BODY = Buffer.alloc(0);

/** The whole body; undefined where it is longer than `bytesMax` or breaks off. How long it may take the listener bounds. */
export function readBody(message: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  // A message that announces no body is at its end already, and tells nobody so any more (`optimizeEmptyRequests`).
  if (message.readableEnded) return Promise.resolve(NO_BODY);
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const breakOff = (): void => resolve(undefined);
  const chunks: Buffer[] = [];
  let bytes = 0;
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax) breakOff();
    else chunks.push(chunk);
  });
  message.on('end', () => resolve(Buffer.concat(chunks)));
  message.on('error', breakOff);
  message.on('close', breakOff);
  return promise;
}
