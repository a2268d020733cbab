import type { AuthzRequest } from '../../../domain/request.ts';
import { HeaderIndex, toUtf8 } from './header-index.ts';
import { PairReader } from './pair-reader.ts';
import { ProtoReader } from './proto-reader.ts';

/*
 * Tags of the fields that are read: number × 8 + wire type, 2 for what has a length and 0 for a number
 * (envoy/service/auth/v3/external_auth.proto, attribute_context.proto, envoy/config/core/v3/{address,base}.proto).
 */
const CHECK = { attributes: 0x0a } as const;
const ATTRIBUTES = { source: 0x0a, request: 0x22, contextExtensions: 0x52 } as const;
const PEER = { address: 0x0a } as const;
const ADDRESS = { socketAddress: 0x0a, pipe: 0x12, internal: 0x1a } as const;
const SOCKET_ADDRESS = { address: 0x12 } as const;
const REQUEST = { time: 0x0a, http: 0x12 } as const;
const TIME = { seconds: 0x08, nanos: 0x10 } as const;
const HTTP = { id: 0x0a, method: 0x12, headers: 0x1a, path: 0x22, host: 0x2a, headerMap: 0x6a } as const;
const HEADER_MAP = { header: 0x0a } as const;

const NANOS_DIGITS = 9;
const UINT32 = 2 ** 32;

/**
 * Envoy's question in Tollgate's words, read straight from its bytes. Total but for bytes that are no message: whatever is absent becomes ''.
 * Nothing keeps the bytes: they may be overwritten once this has returned.
 *
 * Envoy sends headers either line by line as bytes (`header_map`, with `encode_raw_headers: true`) or joined into a map.
 * Should both come, the lines win name by name and nothing of the map is lost.
 * `timeoutMs` is how long Envoy waits; Infinity where it does not say. Throws `MalformedMessage`.
 */
export function fromCheckRequest(message: Uint8Array, timeoutMs = Infinity): AuthzRequest {
  return new CheckReader(message).read(timeoutMs);
}

/** As in every decoder of protobuf, what is said last holds; a message within the message replaces the whole one before. */
class CheckReader {
  private readonly reader: ProtoReader;
  private readonly length: number;
  private readonly text: string;
  private readonly headers: HeaderIndex;
  private readonly pair: PairReader;
  private id = '';
  private time = '';
  private method = '';
  private target = '';
  private host = '';
  private namedApi = '';
  private peerAddress = '';

  constructor(message: Uint8Array) {
    this.reader = new ProtoReader(message);
    this.length = message.length;
    this.text = Buffer.from(message.buffer, message.byteOffset, message.length).toString('latin1');
    this.headers = new HeaderIndex(this.text);
    this.pair = new PairReader(message, this.reader);
  }

  read(timeoutMs: number): AuthzRequest {
    const { reader, length } = this;
    while (reader.at < length) {
      const tag = reader.readTag(length);
      if (tag === CHECK.attributes) this.readAttributes(reader.readEnd(length));
      else reader.skip(tag, length);
    }
    return {
      gateway: 'envoy-grpc',
      gatewayRequestId: this.id,
      gatewayTime: this.time,
      method: this.method,
      target: this.target,
      host: this.host,
      namedApi: this.namedApi,
      peerAddress: this.peerAddress,
      timeoutMs,
      headers: this.headers,
    };
  }

  private readAttributes(end: number): void {
    const { reader } = this;
    this.peerAddress = '';
    this.namedApi = '';
    this.clearRequest();
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === ATTRIBUTES.request) this.readRequest(reader.readEnd(end));
      else if (tag === ATTRIBUTES.source) this.readPeer(reader.readEnd(end));
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
    this.headers.clear();
  }

  private readRequest(end: number): void {
    const { reader } = this;
    this.clearRequest();
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === REQUEST.http) this.readHttp(reader.readEnd(end));
      else if (tag === REQUEST.time) this.readTime(reader.readEnd(end));
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
          this.headers.clearLines();
          this.readHeaderMap(reader.readEnd(end));
          break;
        default:
          reader.skip(tag, end);
      }
    }
  }

  private readHeaderMap(end: number): void {
    const { reader } = this;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === HEADER_MAP.header) this.readHeader(reader.readEnd(end));
      else reader.skip(tag, end);
    }
  }

  private readHeader(end: number): void {
    const { pair, headers } = this;
    pair.read(end);
    if (pair.rawLength > 0) headers.addRaw(pair.keyAt, pair.keyLength, pair.rawAt, pair.rawLength);
    else headers.addText(pair.keyAt, pair.keyLength, pair.valueAt, pair.valueLength);
  }

  private readJoined(end: number): void {
    const { pair, headers } = this;
    pair.read(end);
    headers.addJoined(pair.keyAt, pair.keyLength, pair.valueAt, pair.valueLength);
  }

  private readContextExtension(end: number): void {
    const { pair } = this;
    pair.read(end);
    if (this.cut(pair.keyAt, pair.keyLength) !== 'api') return;
    this.namedApi = this.cut(pair.valueAt, pair.valueLength);
  }

  /** The TCP peer (or what the PROXY protocol said of it): an IP address. Pipes and Envoy's internal listeners have none. */
  private readPeer(end: number): void {
    const { reader } = this;
    this.peerAddress = '';
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === PEER.address) this.readAddress(reader.readEnd(end));
      else reader.skip(tag, end);
    }
  }

  private readAddress(end: number): void {
    const { reader } = this;
    this.peerAddress = '';
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === ADDRESS.socketAddress) this.readSocketAddress(reader.readEnd(end));
      else {
        // Of the kinds of address only one is told: the last.
        if (tag === ADDRESS.pipe || tag === ADDRESS.internal) this.peerAddress = '';
        reader.skip(tag, end);
      }
    }
  }

  private readSocketAddress(end: number): void {
    const { reader } = this;
    this.peerAddress = '';
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === SOCKET_ADDRESS.address) this.peerAddress = this.readString(end);
      else reader.skip(tag, end);
    }
  }

  /** Seconds since the Unix epoch with all nine decimals: the text only ever has to differ where the time does. */
  private readTime(end: number): void {
    const { reader } = this;
    let seconds = '0';
    let nanos = 0;
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === TIME.seconds) seconds = toInt64Text(reader.readVarint(end), reader.high);
      else if (tag === TIME.nanos) nanos = reader.readVarint(end) | 0;
      else reader.skip(tag, end);
    }
    this.time = `${seconds}.${String(nanos).padStart(NANOS_DIGITS, '0')}`;
  }

  private readString(end: number): string {
    const length = this.reader.skipText(end);
    return this.cut(this.reader.at - length, length);
  }

  private cut(at: number, length: number): string {
    return toUtf8(this.text.slice(at, at + length));
  }
}

function toInt64Text(low: number, high: number): string {
  if (high < 2 ** 21) return String(high * UINT32 + low);
  return String(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)));
}
