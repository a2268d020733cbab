import type { ProtoReader } from './proto-reader.ts';

/** Tags of google/protobuf/timestamp.proto. */
const TIME = { seconds: 0x08, nanos: 0x10 } as const;
const NANOS_DIGITS = 9;
const UINT32 = 2 ** 32;

/** Seconds since the Unix epoch with all nine decimals: the text only ever has to differ where the time does. Throws `MalformedMessage`. */
export function readTime(reader: ProtoReader, end: number): string {
  let seconds = '0';
  let nanos = 0;
  while (reader.at < end) {
    const tag = reader.readTag(end);
    if (tag === TIME.seconds) seconds = toInt64Text(reader.readVarint(end), reader.high);
    else if (tag === TIME.nanos) nanos = reader.readVarint(end) | 0;
    else reader.skip(tag, end);
  }
  return `${seconds}.${String(nanos).padStart(NANOS_DIGITS, '0')}`;
}

function toInt64Text(low: number, high: number): string {
  if (high < 2 ** 21) return String(high * UINT32 + low);
  return String(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)));
}
