import { BinaryReader } from '@bufbuild/protobuf/wire';
import { CheckResponse } from '@envoyproxy/ext-authz-types';

/** Throws where an answer, decoded, is not what every server in the same contest must say: who is quick by being wrong is not measured. */
export type Judge = (answer: Uint8Array) => void;

/** What the world of `world.ts` has an API say to a key that it does not know. */
const REFUSAL = '{"error":{"code":"unauthorized","message":"Invalid API key"}}';
const HEADERS_OUT_MIN = 5;
const UNAUTHORIZED = 401;

export const judgeAllow: Judge = (answer) => {
  const { status, httpResponse } = CheckResponse.decode(answer);
  if (httpResponse?.$case === 'deniedResponse')
    throw new Error(`a good key was refused by ${httpResponse.value.status?.code}`);
  if (status?.code !== 0 || httpResponse?.$case !== 'okResponse')
    throw new Error('a good key was not allowed');
  const { headers, responseHeadersToAdd } = httpResponse.value;
  if (headers.length + responseHeadersToAdd.length < HEADERS_OUT_MIN)
    throw new Error(`an allow came with fewer than ${HEADERS_OUT_MIN} headers`);
};

/** For a yardstick that sends no headers. */
export const judgeBareAllow: Judge = (answer) => {
  if (CheckResponse.decode(answer).status?.code !== 0) throw new Error('a good key was not allowed');
};

export const judgeRefusal: Judge = (answer) => {
  const { status, httpResponse } = CheckResponse.decode(answer);
  // An answer without a code allows, whatever else it says.
  if (status === undefined || status.code === 0 || httpResponse?.$case !== 'deniedResponse')
    throw new Error('an unknown key was not refused');
  const { status: http, body } = httpResponse.value;
  if (http?.code !== UNAUTHORIZED || body !== REFUSAL)
    throw new Error(`an unknown key was refused by ${http?.code} ${body}`);
};

const OVERALL_CODE = 1;
const STATUSES = 2;
const STATUS_CODE = 1;
const RATE_LIMIT_OK = 1;
const LIMITS = 2;

/** RateLimitResponse of envoy/service/ratelimit/v3/rls.proto: both limits were found and neither is used up. */
export const judgeRateLimit: Judge = (answer) => {
  const codes: number[] = [];
  let overall = 0;
  const reader = new BinaryReader(answer);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === OVERALL_CODE) overall = reader.int32();
    else if (field === STATUSES) codes.push(readStatusCode(reader.bytes()));
    else reader.skip(wireType, field);
  }
  if (overall !== RATE_LIMIT_OK || codes.length !== LIMITS || codes.some((code) => code !== RATE_LIMIT_OK))
    throw new Error(`limits answered ${overall}: ${codes.join(', ')}`);
};

function readStatusCode(status: Uint8Array): number {
  const reader = new BinaryReader(status);
  let code = 0;
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === STATUS_CODE) code = reader.int32();
    else reader.skip(wireType, field);
  }
  return code;
}
