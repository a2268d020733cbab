import { CheckResponse } from '@envoyproxy/ext-authz-types';
import type { HeaderValueOption } from '@envoyproxy/ext-authz-types';
import type { AuthzRequest } from '../../src/domain/request.ts';
import type { Reply } from '../../src/domain/reply.ts';
import { toCheckResponse } from '../../src/edge/gateway/envoy-grpc/response.ts';
import type { Eventually } from '../../src/ports.ts';
import type { TestRequestIds } from '../world.ts';
import { toSortedLines } from '../../src/cli/conformance/client/client.ts';
import type { Client, SeenAnswer, SentHeader, SentRequest } from '../../src/cli/conformance/client/client.ts';

type Answer = (request: AuthzRequest) => Eventually<Reply>;

/** Asks the decision core itself, and does with what would leave the process what a gateway does with it. */
export function createInProcessClient(answer: Answer, requestIds: TestRequestIds): Client {
  let count = 0;
  return {
    async ask(sent) {
      if (sent.attempt === 'first') count += 1;
      const request = toAuthzRequest(sent, count);
      const before = requestIds.count();
      const reply = await answer(request);
      const made = requestIds.count() - before;
      const response = CheckResponse.decode(toCheckResponse(reply, request));
      refuseLeak(response, sent);
      return fromCheckResponse(response, {
        sent,
        requestId: made === 1 ? requestIds.last() : `${made} request ids were made`,
      });
    },
  };
}

const CREDENTIAL_HEADERS = new Set([
  'authorization',
  'x-api-key',
  'api-key',
  'x-workshop-key',
  'x-inner-key',
]);
/** Shorter values are words of the protocol, which an answer may well hold. */
const SECRET_CHARS_MIN = 20;

/** Nothing that could be a credential goes out again: not to the client, not to the upstream, not into an access log. */
function refuseLeak(response: CheckResponse, { headers }: SentRequest): void {
  const text = JSON.stringify(response);
  for (const [name, value] of headers) {
    const secret = value.slice(value.lastIndexOf(' ') + 1);
    if (!CREDENTIAL_HEADERS.has(name.toLowerCase()) || secret.length < SECRET_CHARS_MIN) continue;
    if (text.includes(secret)) throw new Error(`the answer holds what was sent in ${name}`);
  }
}

function toAuthzRequest(sent: SentRequest, count: number): AuthzRequest {
  const headers = allHeaders(sent);
  return {
    gateway: 'envoy-grpc',
    gatewayRequestId: String(count),
    gatewayTime: `1770206400.${String(count).padStart(9, '0')}`,
    method: sent.method,
    target: sent.path,
    host: sent.host,
    namedApi: sent.namedApi,
    peerAddress: sent.peer,
    headers: {
      all: (wanted) => headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value),
      names: () => new Set(headers.map(([name]) => name.toLowerCase())),
    },
  };
}

function allHeaders({ headers, protocol }: SentRequest): readonly SentHeader[] {
  return protocol === 'grpc' ? [...headers, ['content-type', 'application/grpc']] : headers;
}

interface Exchange {
  readonly sent: SentRequest;
  readonly requestId: string;
}

function fromCheckResponse(response: CheckResponse, { sent, requestId }: Exchange): SeenAnswer {
  const given = response.httpResponse;
  // A gateway lets through what says OK, and nothing else; both places must agree.
  if ((response.status?.code === 0) !== (given?.$case === 'okResponse')) {
    throw new Error('the answer says OK in one place and not in the other');
  }
  if (given?.$case === 'okResponse') {
    const { headers, headersToRemove, responseHeadersToAdd } = given.value;
    const gone = new Set([...headers.map(nameOf), ...headersToRemove]);
    const kept = allHeaders(sent).filter(([name]) => !gone.has(name.toLowerCase()));
    return {
      status: 200,
      headers: toSortedLines(responseHeadersToAdd.map(pairOf)),
      body: '',
      requestId,
      upstream: toSortedLines([...kept, ...headers.map(pairOf)]),
    };
  }
  if (given?.$case !== 'deniedResponse') throw new Error('neither an allow nor a denial');
  const { status, headers, body } = given.value;
  const pairs = headers.map(pairOf);
  return sent.protocol === 'grpc'
    ? { ...asGrpc(pairs, body), requestId, upstream: undefined }
    : {
        status: status?.code ?? 0,
        headers: toSortedLines(pairs),
        body: sent.method === 'HEAD' ? '' : body,
        requestId,
        upstream: undefined,
      };
}

/** Envoy's form of a refusal for gRPC clients: HTTP 200 with the body as the call's message. */
function asGrpc(headers: readonly SentHeader[], body: string) {
  const forced: readonly SentHeader[] = [
    ['content-type', 'application/grpc'],
    ['grpc-message', body],
  ];
  return { status: 200, headers: toSortedLines([...headers, ...forced]), body: '' };
}

function nameOf(option: HeaderValueOption): string {
  return option.header?.key ?? '';
}

function pairOf(option: HeaderValueOption): SentHeader {
  return [nameOf(option), option.header?.value ?? ''];
}
