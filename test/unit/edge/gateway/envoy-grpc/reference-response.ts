import { HeaderValueOption_HeaderAppendAction } from '@envoyproxy/ext-authz-types';
import type {
  CheckResponse,
  DeniedHttpResponse,
  HeaderValueOption,
  OkHttpResponse,
} from '@envoyproxy/ext-authz-types';
import type { HeaderPair, Reply } from '../../../../../src/domain/reply.ts';
import type { AuthzRequest } from '../../../../../src/domain/request.ts';
import { GRPC, toGrpcCode } from '../../../../../src/lib/grpc-code.ts';

const { OVERWRITE_IF_EXISTS_OR_ADD } = HeaderValueOption_HeaderAppendAction;
const NO_BYTES = Buffer.alloc(0);
/** RFC 9110 §5.6.2, lower case. */
const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** Printable ASCII, tab and everything beyond ASCII: no line break, no control character. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\uffff]*$/;

/**
 * An answer to Envoy as the generated codec wants it: what `response.ts` is held to.
 * Throws where the reply contradicts itself or holds what must not go out; the call then fails, which Envoy never takes for an allow.
 */
export function toCheckResponse(reply: Reply, request: AuthzRequest): CheckResponse {
  if (reply.allowed !== (reply.code === 'ok')) {
    throw new Error(`a reply with code ${reply.code} says allowed: ${String(reply.allowed)}`);
  }
  return reply.allowed ? toAllow(reply) : toDenial(reply, request);
}

function toAllow(reply: Reply): CheckResponse {
  return {
    status: { code: GRPC.ok, message: '' },
    httpResponse: { $case: 'okResponse', value: toOkResponse(reply) },
    dynamicMetadata: toMetadata(reply),
  };
}

function toDenial(reply: Reply, request: AuthzRequest): CheckResponse {
  if (!Number.isInteger(reply.status) || reply.status < 400 || reply.status > 599) {
    throw new Error(`a refusal with HTTP status ${reply.status}`);
  }
  return {
    status: { code: toGrpcCode(reply.status), message: '' },
    httpResponse: {
      $case: 'deniedResponse',
      value: isGrpcCall(request) ? toDeniedCall(reply) : toDeniedResponse(reply),
    },
    dynamicMetadata: toMetadata(reply),
  };
}

/** An empty value is turned into a removal: versions of Envoy differ on whether an empty header overwrites a forged one. */
function toOkResponse(reply: Reply): OkHttpResponse {
  const blank = reply.upstreamSet.filter(([, value]) => value === '').map(([name]) => name);
  const present =
    blank.length === 0 ? reply.upstreamSet : reply.upstreamSet.filter(([, value]) => value !== '');
  return {
    headers: present.map(toOption),
    headersToRemove: [...reply.upstreamRemove, ...blank].map(checkedName),
    responseHeadersToAdd: reply.clientHeaders.map(toOption),
    queryParametersToSet: [],
    queryParametersToRemove: [],
  };
}

function toDeniedResponse(reply: Reply): DeniedHttpResponse {
  return {
    status: { code: reply.status },
    headers: reply.clientHeaders.map(toOption),
    body: reply.body,
  };
}

/** For a gRPC client Envoy turns the body into `grpc-message` and chooses the content type itself; all other headers become metadata. */
function toDeniedCall(reply: Reply): DeniedHttpResponse {
  const headers = reply.clientHeaders.filter(([name]) => name !== 'content-type');
  return {
    status: { code: reply.status },
    headers: [...headers, ['grpc-status', String(toGrpcCode(reply.status))] as const].map(toOption),
    body: reply.message,
  };
}

/** Exactly what Envoy takes for gRPC: `application/grpc` or `application/grpc+…`, lower case, without parameters. */
function isGrpcCall(request: AuthzRequest): boolean {
  const [contentType = '', ...others] = request.headers.all('content-type');
  if (others.length > 0) return false;
  return contentType === 'application/grpc' || contentType.startsWith('application/grpc+');
}

/** Some versions of Envoy look at `append` alone, others at `append_action`: together they overwrite in all of them. */
function toOption([name, value]: HeaderPair): HeaderValueOption {
  if (!FIELD_VALUE.test(value))
    throw new Error(`a value for header ${checkedName(name)} holds a control character`);
  return {
    header: { key: checkedName(name), value, rawValue: NO_BYTES },
    append: false,
    appendAction: OVERWRITE_IF_EXISTS_OR_ADD,
    keepEmptyValue: false,
  };
}

/** Pseudo headers are no tokens; `host` is one, and Envoy would overwrite it with ours. */
function checkedName(name: string): string {
  if (!FIELD_NAME.test(name) || name === 'host')
    throw new Error('a header name that must not be sent to Envoy');
  return name;
}

/** For access logs, under `envoy.filters.http.ext_authz`. */
function toMetadata(reply: Reply): Record<string, string> {
  const metadata: Record<string, string> = { code: reply.code };
  if (reply.api !== '') metadata['api'] = reply.api;
  if (reply.keyId !== '') metadata['key_id'] = reply.keyId;
  if (reply.account !== '') metadata['account'] = reply.account;
  if (reply.tier !== '') metadata['tier'] = reply.tier;
  if (reply.fault !== undefined) metadata['fault'] = reply.fault;
  return metadata;
}
