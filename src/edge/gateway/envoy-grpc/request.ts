import type { AuthzRequest } from '../../../domain/request.ts';
import { HeaderIndex, addPlace, toUtf8 } from './header-index.ts';
import type { HeaderPlaces, Places } from './header-index.ts';
import { NAME, readNameKind } from './header-name.ts';
import { PairReader } from './pair-reader.ts';
import { readPeerAddress } from './peer-address.ts';
import { NO_BYTES, ProtoReader } from './proto-reader.ts';
import { readTime } from './proto-time.ts';
import { readText } from './text-field.ts';

/*
 * Tags of the fields that are read: number × 8 + wire type, 2 for what has a length and 0 for a number
 * (envoy/service/auth/v3/external_auth.proto, attribute_context.proto, envoy/config/core/v3/base.proto).
 */
const CHECK = { attributes: 0x0a } as const;
const ATTRIBUTES = { source: 0x0a, request: 0x22, contextExtensions: 0x52 } as const;
const REQUEST = { time: 0x0a, http: 0x12 } as const;
const HTTP = { id: 0x0a, method: 0x12, headers: 0x1a, path: 0x22, host: 0x2a, headerMap: 0x6a } as const;
const HEADER_MAP = { header: 0x0a } as const;

/**
 * Envoy's question in Tollgate's words, read straight from its bytes. Total but for bytes that are no message: whatever is absent becomes ''.
 * Nothing keeps the bytes: they may be overwritten once this has returned.
 *
 * Envoy sends headers either line by line as bytes (`header_map`, with `encode_raw_headers: true`) or joined into a map.
 * Should both come, the lines win name by name and nothing of the map is lost.
 * `timeoutMs` is how long Envoy waits; Infinity where it does not say. Throws `MalformedMessage`.
 */
export function fromCheckRequest(message: Uint8Array, timeoutMs = Infinity): AuthzRequest {
  try {
    return reader.read(toBuffer(message), timeoutMs);
  } finally {
    reader.forget();
  }
}

function toBuffer(message: Uint8Array): Buffer {
  return Buffer.isBuffer(message)
    ? message
    : Buffer.from(message.buffer, message.byteOffset, message.byteLength);
}

/** Of requests without any; never written to. */
const NO_PLACES: Places = [];

/** As in every decoder of protobuf, what is said last holds; a message within the message replaces the whole one before. */
class CheckReader implements HeaderPlaces {
  private readonly reader = new ProtoReader();
  private readonly pair = new PairReader(this.reader);
  private text = '';
  lines = NO_PLACES;
  joined = NO_PLACES;
  mayHaveOdd = false;
  private id = '';
  private time = '';
  private method = '';
  private target = '';
  private host = '';
  private namedApi = '';
  private peerAddress = '';

  read(message: Buffer, timeoutMs: number): AuthzRequest {
    const { reader } = this;
    const { length } = message;
    reader.begin(message);
    this.text = message.toString('latin1');
    while (reader.at < length) {
      const tag = reader.readTag(length);
      if (tag === CHECK.attributes) this.readAttributes(reader.readEnd(length));
      else reader.skip(tag, length);
    }
    return this.finish(timeoutMs);
  }

  /** What was read last, credentials among it, does not outlive its check. */
  forget(): void {
    this.reader.begin(NO_BYTES);
    this.text = '';
    this.clear();
  }

  private finish(timeoutMs: number): AuthzRequest {
    const { id, time, method, target, host, namedApi, peerAddress, text } = this;
    return {
      gateway: 'envoy-grpc',
      gatewayRequestId: id,
      gatewayTime: time,
      method,
      target,
      host,
      namedApi,
      peerAddress,
      timeoutMs,
      headers: new HeaderIndex(text, this),
    };
  }

  private clear(): void {
    this.peerAddress = '';
    this.namedApi = '';
    this.clearRequest();
  }

  private readAttributes(end: number): void {
    const { reader } = this;
    this.clear();
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === ATTRIBUTES.request) this.readRequest(reader.readEnd(end));
      else if (tag === ATTRIBUTES.source)
        this.peerAddress = readPeerAddress(reader, this.text, reader.readEnd(end));
      else if (tag === ATTRIBUTES.contextExtensions) this.readContextExtension(reader.readEnd(end));
      else reader.skip(tag, end);
    }
  }

  private clearRequest(): void {
    this.time = '';
    this.clearHttp();
  }

  private clearHttp(): void {
    this.id = '';
    this.method = '';
    this.target = '';
    this.host = '';
    this.lines = NO_PLACES;
    this.joined = NO_PLACES;
    this.mayHaveOdd = false;
  }

  private readRequest(end: number): void {
    const { reader } = this;
    this.clearRequest();
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === REQUEST.http) this.readHttp(reader.readEnd(end));
      else if (tag === REQUEST.time) this.time = readTime(reader, reader.readEnd(end));
      else reader.skip(tag, end);
    }
  }

  private readHttp(end: number): void {
    const { reader } = this;
    this.clearHttp();
    while (reader.at < end) {
      const tag = reader.readTag(end);
      switch (tag) {
        case HTTP.id:
          this.id = this.readString(end);
          break;
        case HTTP.method:
          this.method = this.readString(end);
          break;
        case HTTP.path:
          this.target = this.readString(end);
          break;
        case HTTP.host:
          this.host = this.readString(end);
          break;
        case HTTP.headers:
          this.readJoined(reader.readEnd(end));
          break;
        case HTTP.headerMap:
          this.readHeaderMap(reader.readEnd(end));
          break;
        default:
          reader.skip(tag, end);
      }
    }
  }

  private readHeaderMap(end: number): void {
    const { reader } = this;
    this.lines = [];
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === HEADER_MAP.header) this.readLine(reader.readEnd(end));
      else reader.skip(tag, end);
    }
  }

  private readLine(end: number): void {
    this.pair.read(end);
    this.addHeader(this.lines);
  }

  private readJoined(end: number): void {
    if (this.joined === NO_PLACES) this.joined = [];
    this.pair.read(end);
    this.pair.forgetRaw();
    this.addHeader(this.joined);
  }

  private addHeader(places: Places): void {
    const { pair } = this;
    const kind = readNameKind(this.reader.bytes, pair.keyAt, pair.keyLength);
    if (kind === NAME.pseudo) return;
    if (kind === NAME.odd) this.mayHaveOdd = true;
    addPlace(places, pair);
  }

  private readContextExtension(end: number): void {
    const { pair } = this;
    pair.read(end);
    if (this.cut(pair.keyAt, pair.keyLength) !== 'api') return;
    this.namedApi = this.cut(pair.valueAt, pair.valueLength);
  }

  private readString(end: number): string {
    return readText(this.reader, this.text, end);
  }

  private cut(at: number, length: number): string {
    return toUtf8(this.text.slice(at, at + length));
  }
}

/** One for all messages, for it is done with each before the next. */
const reader = new CheckReader();
