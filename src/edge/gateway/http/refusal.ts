import type { HeaderPair, Reply } from '../../../domain/reply.ts';
import { SoundNames } from './sound-names.ts';

/** Printable ASCII and tab: what every gateway passes on as it is. */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/;
const soundNames = new SoundNames();

/** Throws where a reply contradicts itself, or holds what no gateway may be told. To be asked of every reply before it is worded. */
export function requireSound(reply: Reply): void {
  if (reply.allowed !== (reply.code === 'ok')) {
    throw new Error(`a reply with code ${reply.code} says allowed: ${String(reply.allowed)}`);
  }
  const isRefusalStatus = Number.isInteger(reply.status) && reply.status >= 400 && reply.status <= 599;
  if (!reply.allowed && !isRefusalStatus) throw new Error(`a refusal with HTTP status ${reply.status}`);
  for (const pair of reply.clientHeaders) requireSoundHeader(pair);
  for (const pair of reply.upstreamSet) requireSoundHeader(pair);
  for (const name of reply.upstreamRemove) soundNames.require(name);
}

function requireSoundHeader([name, value]: HeaderPair): void {
  soundNames.require(name);
  if (!FIELD_VALUE.test(value)) throw new Error(`a value for header ${name} that must not be sent`);
}

/** A refusal that nobody decided: the question was none of our gateway's, or broke. In no API's words. */
export const OUTAGE: Reply = {
  allowed: false,
  code: 'unavailable',
  api: '',
  status: 503,
  clientHeaders: [
    ['content-type', 'application/json'],
    ['cache-control', 'no-store'],
  ],
  body: '{"error":{"code":"unavailable","message":"Service unavailable"}}',
  message: 'Service unavailable',
  upstreamSet: [],
  upstreamRemove: [],
  keyId: '',
  account: '',
  tier: '',
};
