import type { Fault } from './problems.ts';
import { OFF } from './schema/listen.ts';
import type { ServerSections } from './schema/server.ts';
import { readSecret } from './secrets.ts';
import type { SecretPlace } from './secrets.ts';

/** What a header carries unchanged, and nobody guesses. */
export const TOKEN = /^[\x21-\x7e]{32,256}$/;
export const TOKEN_EXPECTED =
  'expected 32 to 256 visible ASCII characters, as `openssl rand -base64 32` prints them';
/** Whoever reaches these is on this machine. */
const LOCAL = /^(?:unix:|127\.\d{1,3}\.\d{1,3}\.\d{1,3}:|\[::1\]:|localhost:)/;

export interface GatewayTokenReading {
  readonly token?: string;
  readonly faults: readonly Fault[];
}

/** What the gateway shows to the public listener: needed wherever more than this machine could reach it. */
export function readGatewayToken(
  section: ServerSections['public'] | undefined,
  { source, readFile }: Omit<SecretPlace, 'path'>,
): GatewayTokenReading {
  if (section === undefined) return { faults: [] };
  const path = ['public', 'token'];
  const reading = readSecret(section.token, { source, path, readFile });
  if (!('text' in reading)) return { faults: [reading] };
  const { text } = reading;
  if (text !== undefined) return TOKEN.test(text) ? { token: text, faults: [] } : { faults: [MALFORMED] };
  return { faults: section.listen === OFF || LOCAL.test(section.listen) ? [] : [NEEDED] };
}

const MALFORMED: Fault = {
  path: ['public', 'token'],
  message: TOKEN_EXPECTED,
};
const NEEDED: Fault = {
  path: ['public', 'token'],
  message: 'is missing: beyond loopback and unix sockets the gateway must prove itself to public.listen',
};
