import { hash, timingSafeEqual } from 'node:crypto';
import { readOnce, TOKEN_HEADER } from './headers.ts';
import type { HeaderLine } from './headers.ts';

/** Whether a question came from the gateway. */
export type GatewayTest = (lines: readonly HeaderLine[]) => boolean;

/** SHA-256 in hexadecimal digits. */
const DIGEST_CHARS = 64;

/** Compared in constant time, whatever the lengths. Without a token whoever could connect is believed: the listener's socket or certificate has judged already. */
export function createGatewayTest(token: string | undefined): GatewayTest {
  if (token === undefined) return () => true;
  const expected = Buffer.alloc(DIGEST_CHARS);
  const digest = Buffer.alloc(DIGEST_CHARS);
  writeDigest(token, expected);
  return (lines) => {
    const shown = readOnce(lines, TOKEN_HEADER);
    if (shown === undefined) return false;
    writeDigest(shown, digest);
    return timingSafeEqual(digest, expected);
  };
}

/** As text, into memory that is there: a digest that comes in a buffer of its own takes 1 µs, this half of it. */
function writeDigest(text: string, into: Buffer): void {
  into.write(hash('sha256', text, 'hex'), 'latin1');
}
