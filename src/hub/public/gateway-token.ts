import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { GATEWAY_TOKEN_HEADER, readLines, readOnce } from './request.ts';

/** Whether a request came from the gateway. */
export type GatewayTest = (message: IncomingMessage) => boolean;

/** Where no token is configured, only this machine can connect, and is believed. Compared in constant time, whatever the lengths. */
export function createGatewayTest(token: string | undefined): GatewayTest {
  if (token === undefined) return () => true;
  const expected = digest(token);
  return (message) => {
    const shown = readOnce(readLines(message.rawHeaders), GATEWAY_TOKEN_HEADER);
    return shown !== undefined && timingSafeEqual(digest(shown), expected);
  };
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
