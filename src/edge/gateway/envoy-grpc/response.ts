import type { HeaderPair, Reply } from '../../../domain/reply.ts';
import type { AuthzRequest } from '../../../domain/request.ts';
import { GRPC, toGrpcCode } from '../../../lib/grpc-code.ts';
import { ProtoWriter } from './proto-writer.ts';

/*
 * Tags of the fields that are written: number × 8 + wire type, 2 for what has a length and 0 for a number
 * (envoy/service/auth/v3/external_auth.proto, envoy/config/core/v3/base.proto, google/protobuf/struct.proto).
 */
const RESPONSE = { status: 0x0a, denied: 0x12, ok: 0x1a, metadata: 0x22 } as const;
const STATUS = { code: 0x08 } as const;
const DENIED = { status: 0x0a, headers: 0x12, body: 0x1a } as const;
const OK = { headers: 0x12, headersToRemove: 0x2a, responseHeadersToAdd: 0x32 } as const;
const OPTION = { header: 0x0a } as const;
const HEADER = { key: 0x0a, value: 0x12 } as const;
const STRUCT = { entry: 0x0a, key: 0x0a, value: 0x12 } as const;
const VALUE = { string: 0x1a } as const;
/** `append` (a message, false) and `append_action` OVERWRITE_IF_EXISTS_OR_ADD: some versions look at one alone, some at the other. */
const OVERWRITE = Uint8Array.of(0x12, 0x00, 0x18, 0x02);

/** RFC 9110 §5.6.2, lower case. */
const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** Printable ASCII, tab and everything beyond ASCII: no line break, no control character. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\uffff]*$/;
/** Names that were found to be sendable; an API's are few, those a client invents are forgotten with the rest. */
const NAMES_MAX = 512;

const sendableNames = new Set<string>();
const writer = new ProtoWriter();

/**
 * The only place where an answer to Envoy is made, because to Envoy an empty one allows: `status.code` decides alone and 0 is its default.
 * Throws where the reply contradicts itself or holds what must not go out; the call then fails, which Envoy never takes for an allow.
 */
export function toCheckResponse(reply: Reply, request: AuthzRequest): Uint8Array {
  if (reply.allowed !== (reply.code === 'ok')) {
    throw new Error(`a reply with code ${reply.code} says allowed: ${String(reply.allowed)}`);
  }
  writer.begin();
  if (reply.allowed) writeAllow(reply);
  else writeDenial(reply, request);
  writeMetadata(reply);
  return writer.take();
}

function writeAllow(reply: Reply): void {
  // A status that is there, and empty: code 0.
  writer.end(writer.open(RESPONSE.status));
  writeOkResponse(reply);
}

function writeDenial(reply: Reply, request: AuthzRequest): void {
  if (!Number.isInteger(reply.status) || reply.status < 400 || reply.status > 599) {
    throw new Error(`a refusal with HTTP status ${reply.status}`);
  }
  const code = toGrpcCode(reply.status);
  if (code === GRPC.ok) throw new Error('a refusal with gRPC status 0');
  const status = writer.open(RESPONSE.status);
  writer.varint(STATUS.code, code);
  writer.end(status);
  const denied = writer.open(RESPONSE.denied);
  const http = writer.open(DENIED.status);
  writer.varint(STATUS.code, reply.status);
  writer.end(http);
  if (isGrpcCall(request)) writeDeniedCall(reply);
  else writeDeniedResponse(reply);
  writer.end(denied);
}

/** An empty value is turned into a removal: versions of Envoy differ on whether an empty header overwrites a forged one. */
function writeOkResponse(reply: Reply): void {
  const ok = writer.open(RESPONSE.ok);
  for (const header of reply.upstreamSet) if (header[1] !== '') writeOption(OK.headers, header);
  for (const name of reply.upstreamRemove) writer.string(OK.headersToRemove, checkedName(name));
  for (const [name, value] of reply.upstreamSet) {
    if (value === '') writer.string(OK.headersToRemove, checkedName(name));
  }
  for (const header of reply.clientHeaders) writeOption(OK.responseHeadersToAdd, header);
  writer.end(ok);
}

function writeDeniedResponse(reply: Reply): void {
  for (const header of reply.clientHeaders) writeOption(DENIED.headers, header);
  if (reply.body !== '') writer.string(DENIED.body, reply.body);
}

/** For a gRPC client Envoy turns the body into `grpc-message` and chooses the content type itself; all other headers become metadata. */
function writeDeniedCall(reply: Reply): void {
  for (const header of reply.clientHeaders)
    if (header[0] !== 'content-type') writeOption(DENIED.headers, header);
  writeOption(DENIED.headers, ['grpc-status', String(toGrpcCode(reply.status))]);
  if (reply.message !== '') writer.string(DENIED.body, reply.message);
}

/** Exactly what Envoy takes for gRPC: `application/grpc` or `application/grpc+…`, lower case, without parameters. */
function isGrpcCall(request: AuthzRequest): boolean {
  const [contentType = '', ...others] = request.headers.all('content-type');
  if (others.length > 0) return false;
  return contentType === 'application/grpc' || contentType.startsWith('application/grpc+');
}

function writeOption(tag: number, [name, value]: HeaderPair): void {
  if (!FIELD_VALUE.test(value))
    throw new Error(`a value for header ${checkedName(name)} holds a control character`);
  const option = writer.open(tag);
  const header = writer.open(OPTION.header);
  writer.string(HEADER.key, checkedName(name));
  if (value !== '') writer.string(HEADER.value, value);
  writer.end(header);
  writer.raw(OVERWRITE);
  writer.end(option);
}

/** Pseudo headers are no tokens; `host` is one, and Envoy would overwrite it with ours. */
function checkedName(name: string): string {
  if (sendableNames.has(name)) return name;
  if (!FIELD_NAME.test(name) || name === 'host')
    throw new Error('a header name that must not be sent to Envoy');
  if (sendableNames.size >= NAMES_MAX) sendableNames.clear();
  sendableNames.add(name);
  return name;
}

/** For access logs, under `envoy.filters.http.ext_authz`. */
function writeMetadata(reply: Reply): void {
  const metadata = writer.open(RESPONSE.metadata);
  writeEntry('code', reply.code);
  if (reply.api !== '') writeEntry('api', reply.api);
  if (reply.keyId !== '') writeEntry('key_id', reply.keyId);
  if (reply.account !== '') writeEntry('account', reply.account);
  if (reply.tier !== '') writeEntry('tier', reply.tier);
  if (reply.fault !== undefined) writeEntry('fault', reply.fault);
  writer.end(metadata);
}

function writeEntry(key: string, text: string): void {
  const entry = writer.open(STRUCT.entry);
  writer.string(STRUCT.key, key);
  const value = writer.open(STRUCT.value);
  writer.string(VALUE.string, text);
  writer.end(value);
  writer.end(entry);
}
