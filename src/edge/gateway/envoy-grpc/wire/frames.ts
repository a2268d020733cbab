/** Types of frames (RFC 9113 §6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** What a peer may set (RFC 9113 §6.5.2). */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** Error codes (RFC 9113 §7). */
export const ERROR = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

export type ErrorCode = (typeof ERROR)[keyof typeof ERROR];

/** RFC 9113 §4.1. */
export const FRAME_HEADER_BYTES = 9;
/** SETTINGS_MAX_FRAME_SIZE as it is where nobody raises it; we do not. */
export const FRAME_BYTES_MAX = 16_384;
export const FRAME_BYTES_CEILING = 16_777_215;
/** The largest stream id, and the largest window. */
export const INT31_MAX = 0x7f_ff_ff_ff;
/** A window as it is where SETTINGS say nothing, and always the connection's at its start (RFC 9113 §6.9.2). */
export const WINDOW_BYTES_INITIAL = 65_535;

/** What a client says first (RFC 9113 §3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** The peer broke a rule that ends its connection: GOAWAY with this code. The message is sent; it is ours, never the peer's text. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** 32 bits, big-endian, without a sign. The caller knows that they are there. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0)) >>>
    0
  );
}

/** The same without its highest bit, which is reserved wherever HTTP/2 has 31. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) & INT31_MAX;
}
