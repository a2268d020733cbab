/** Which fields of a message are messages themselves, by number. */
interface Shape {
  readonly [field: number]: Shape;
}

const LEAF: Shape = {};
const PEER: Shape = { 1: { 1: LEAF, 2: LEAF, 3: LEAF }, 3: LEAF };
const HTTP: Shape = { 3: LEAF, 13: { 1: LEAF } };
const CHECK: Shape = { 1: { 1: PEER, 2: PEER, 4: { 1: LEAF, 2: HTTP }, 10: LEAF } };

/**
 * Whether a CheckRequest keeps to protobuf's wire format down to its last field, those among them that nobody reads. Of bytes that do not,
 * the generated codec makes something nevertheless: it goes on within a field, or behind the end of what holds it.
 */
export function isWellFormed(bytes: Uint8Array, shape: Shape = CHECK): boolean {
  let at = 0;
  const readVarint = (): bigint | undefined => {
    let value = 0n;
    for (let count = 0n; count < 10n; count += 1n) {
      const byte = bytes[at];
      if (byte === undefined) return undefined;
      at += 1;
      value |= BigInt(byte & 0x7f) << (7n * count);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = readVarint();
    if (tag === undefined || tag >= 2n ** 32n || tag >> 3n === 0n) return false;
    const wireType = Number(tag & 7n);
    if (wireType === 0) {
      if (readVarint() === undefined) return false;
    } else if (wireType === 2) {
      const length = readVarint();
      if (length === undefined || length > BigInt(bytes.length - at)) return false;
      const nested = shape[Number(tag >> 3n)];
      const field = bytes.subarray(at, at + Number(length));
      if (nested !== undefined && !isWellFormed(field, nested)) return false;
      at += Number(length);
    } else if (wireType === 1 || wireType === 5) {
      at += wireType === 1 ? 8 : 4;
      if (at > bytes.length) return false;
    } else {
      return false;
    }
  }
  return true;
}
