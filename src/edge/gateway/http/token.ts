import { hash, timingSafeEqual } from 'node:crypto';
import { readOnce, TOKEN_HEADER } from './headers.ts';
import type { HeaderLine } from './headers.ts';

/** Whether a question came from the gateway. */
export type GatewayTest = (lines: readonly HeaderLine[]) => boolean;

/** Compared in constant time, whatever the lengths. Without a token whoever could connect is believed: the listener's socket or certificate has judged already. */
export function createGatewayTest(token: string | undefined): GatewayTest {
  if (token === undefined) return () => true;
  const expected = digest(token);
  return (lines) => {
    const shown = readOnce(lines, TOKEN_HEADER);
    return shown !== undefined && timingSafeEqual(digest(shown), expected);
  };
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
