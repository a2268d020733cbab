import { FLAG, FRAME, FRAME_HEADER_BYTES } from './frames.ts';

/*
 * What we encode: indices of the static table and literals that no table keeps (RFC 7541 §6.1, §6.2.2). An encoder without state
 * cannot get out of step with its peer, and a block that is always the same is made once.
 */

/** "My table is empty from now on" (RFC 7541 §6.3). */
export const TABLE_SIZE_ZERO = Buffer.from([0x20]);

const NAME_STATUS = 8;
const NAME_CONTENT_TYPE = 31;
const NEW_NAME = 0;
const STATUS_200 = Buffer.from([0x88]);

export interface HeadersFrameOptions {
  /** `:status`; absent in trailers. */
  readonly status?: number;
  readonly contentType?: string;
  /** Each without a character above 0xff. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
  /** Absent: DATA or trailers follow. */
  readonly end?: 'stream';
}

/** A HEADERS frame for stream 0: whoever sends it writes the stream's id. */
export function toHeadersFrame({ status, contentType, fields = [], end }: HeadersFrameOptions): Buffer {
  const block = Buffer.concat([
    ...(status === undefined ? [] : [toStatus(status)]),
    ...(contentType === undefined ? [] : [toLiteral(NAME_CONTENT_TYPE, '', contentType)]),
    ...fields.map(([name, value]) => toLiteral(NEW_NAME, name, value)),
  ]);
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUIntBE(block.length, 0, 3);
  header[3] = FRAME.headers;
  header[4] = FLAG.endHeaders | (end === undefined ? 0 : FLAG.endStream);
  return Buffer.concat([header, block]);
}

function toStatus(status: number): Buffer {
  return status === 200 ? STATUS_200 : toLiteral(NAME_STATUS, '', String(status));
}

function toLiteral(nameIndex: number, name: string, value: string): Buffer {
  return Buffer.concat([
    toInteger(nameIndex, 0x0f),
    ...(nameIndex === NEW_NAME ? [toText(name)] : []),
    toText(value),
  ]);
}

function toText(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([toInteger(bytes.length, 0x7f), bytes]);
}

/** RFC 7541 §5.1, with a prefix of the mask's bits. */
function toInteger(value: number, mask: number): Buffer {
  if (value < mask) return Buffer.from([value]);
  const bytes = [mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
