import type { SentRequest } from '../client/client.ts';
import { findWord } from './case-world.ts';
import type { CaseWorld } from './case-world.ts';
import type { LoadedCase } from './load.ts';
import type { RequestStep } from './schema.ts';
import { fill } from './words.ts';

/** Where clients are where a case does not say. */
const USUAL_PEER = '127.0.0.1';

/** A step's request with every `${word}` filled. */
export function toRequest(step: RequestStep, loaded: LoadedCase, world: CaseWorld): SentRequest {
  const { send = {} } = step;
  const defaults = loaded.file.request;
  const findIn = (word: string) => findWord(word, loaded, world);
  const headers = [...(send.headers ?? defaults.headers), ...(send.and ?? [])];
  return {
    method: send.method ?? defaults.method,
    host: send.host ?? defaults.host,
    path: fill(send.path ?? defaults.path, findIn),
    headers: headers.map(([name, value]) => [name, fill(value, findIn)]),
    peer: send.peer ?? USUAL_PEER,
    namedApi: send.named_api ?? loaded.file.api,
    protocol: send.grpc === true ? 'grpc' : 'http',
    attempt: step.repeat === true ? 'repeat' : 'first',
  };
}

/** Throws where the request sends none. */
export function sentRequestId(step: RequestStep): string {
  const sent = [...(step.send?.headers ?? []), ...(step.send?.and ?? [])];
  const found = sent.find(([name]) => name.toLowerCase() === 'x-request-id');
  if (found === undefined) throw new Error('the request sends no x-request-id');
  return found[1];
}
