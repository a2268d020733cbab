import { createField } from './field.ts';
import type { Field } from './field.ts';
import { FIELD_OVERHEAD_BYTES, TABLE_BYTES_MAX } from './hpack-limits.ts';

/** RFC 7541 Appendix A: `name`, or `name: value`. */
const STATIC_LINES = [
  ':authority',
  ':method: GET',
  ':method: POST',
  ':path: /',
  ':path: /index.html',
  ':scheme: http',
  ':scheme: https',
  ':status: 200',
  ':status: 204',
  ':status: 206',
  ':status: 304',
  ':status: 400',
  ':status: 404',
  ':status: 500',
  'accept-charset',
  'accept-encoding: gzip, deflate',
  'accept-language',
  'accept-ranges',
  'accept',
  'access-control-allow-origin',
  'age',
  'allow',
  'authorization',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expect',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'link',
  'location',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'referer',
  'refresh',
  'retry-after',
  'server',
  'set-cookie',
  'strict-transport-security',
  'transfer-encoding',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
];

export const STATIC_COUNT = STATIC_LINES.length;

const STATIC: readonly Field[] = STATIC_LINES.map((line) => {
  const [name = '', value = ''] = line.split(': ', 2);
  return createField(name, value);
});

/** As many fields as the table can hold, were they empty: a power of two. */
const RING = TABLE_BYTES_MAX / FIELD_OVERHEAD_BYTES;
const RING_MASK = RING - 1;

/** The two tables of a decoder under one index (RFC 7541 §2.3.3). */
export class HpackTables {
  private readonly ring: (Field | undefined)[] = Array.from({ length: RING });
  private newest = 0;
  private count = 0;
  private sizeBytes = 0;
  private bytesMax = TABLE_BYTES_MAX;
  /** Grows with every change: two equal blocks mean the same where it did not. */
  version = 0;

  /** From 1; undefined where nothing stands under the index. */
  find(index: number): Field | undefined {
    if (index <= STATIC_COUNT) return STATIC[index - 1];
    const age = index - STATIC_COUNT - 1;
    return age < this.count ? this.ring[(this.newest - age) & RING_MASK] : undefined;
  }

  /** A field too large for the table empties it (RFC 7541 §4.4). */
  add(field: Field): void {
    this.version += 1;
    this.evictTo(this.bytesMax - field.sizeBytes);
    if (field.sizeBytes > this.bytesMax) return;
    this.newest = (this.newest + 1) & RING_MASK;
    this.ring[this.newest] = field;
    this.count += 1;
    this.sizeBytes += field.sizeBytes;
  }

  /** False where the size is above what we allow. */
  resize(bytesMax: number): boolean {
    if (bytesMax > TABLE_BYTES_MAX) return false;
    this.version += 1;
    this.bytesMax = bytesMax;
    this.evictTo(bytesMax);
    return true;
  }

  private evictTo(bytes: number): void {
    while (this.sizeBytes > bytes && this.count > 0) {
      const oldest = (this.newest - this.count + 1) & RING_MASK;
      this.sizeBytes -= this.ring[oldest]?.sizeBytes ?? 0;
      this.ring[oldest] = undefined;
      this.count -= 1;
    }
  }
}
