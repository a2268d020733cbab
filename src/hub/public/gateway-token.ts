import type { IncomingMessage } from 'node:http';
import { readOnce, toHeaderLines } from '../../lib/header-lines.ts';
import { createSecretTest } from '../../lib/same-secret.ts';
import { GATEWAY_TOKEN_HEADER } from './request.ts';

/** Whether a request came from the gateway. */
export type GatewayTest = (message: IncomingMessage) => boolean;

/** Where no token is configured, only this machine can connect, and is believed. */
export function createGatewayTest(token: string | undefined): GatewayTest {
  if (token === undefined) return () => true;
  const isToken = createSecretTest(token);
  return (message) => {
    const shown = readOnce(toHeaderLines(message.rawHeaders), GATEWAY_TOKEN_HEADER);
    return shown !== undefined && isToken(shown);
  };
}
