import type { IncomingMessage } from 'node:http';

/** The whole body; undefined where it is longer than `bytesMax` or breaks off. How long it may take the listener bounds. */
export async function readBody(message: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax) resolve(undefined);
    else chunks.push(chunk);
  });
  message.once('end', () => resolve(Buffer.concat(chunks)));
  message.once('error', () => resolve(undefined));
  message.once('close', () => resolve(undefined));
  return promise;
}
