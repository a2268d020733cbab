import { HEADER_STRING_BYTES_MAX } from './hpack-limits.ts';

/**
 * The lengths of the code's words in bits, by symbol; the last is the end of a string (RFC 7541 Appendix B).
 * The code is canonical: words of one length are consecutive numbers in the order of their symbols, so that the lengths say it all.
 */
const BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const END_OF_STRING = 256;
/** Inner nodes of a binary tree with 257 leaves. */
const NODES = 256;
const NIBBLES = 16;
const NIBBLE_BITS = 4;
/** A string ends on a byte's border: what is left over is at most so many bits, all ones (RFC 7541 §5.2). */
const PADDING_BITS_MAX = 7;
const NO_SYMBOL = -1;
/** In place of a node: these bits spell the end of a string, which must not be written. */
const REFUSED = 0xff_ff;
/** A symbol has at least five bits. */
const SYMBOL_BITS_MIN = 5;

/** Where each node goes by each nibble, and the symbol that is complete on the way: at most one, for none is shorter than a nibble. */
interface NibbleTable {
  readonly next: Uint16Array;
  readonly symbols: Int16Array;
  /** The nodes at which a string may end. */
  readonly mayEnd: Uint8Array;
}

const TABLE = createTable();
const scratch = Buffer.allocUnsafeSlow(Math.ceil((HEADER_STRING_BYTES_MAX * 8) / SYMBOL_BITS_MIN));

/** The text of a Huffman-coded string, a character a byte; undefined where the coding is wrong. At most HEADER_STRING_BYTES_MAX. */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | undefined {
  const { next, symbols, mayEnd } = TABLE;
  let node = 0;
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    const high = node * NIBBLES + (byte >> NIBBLE_BITS);
    let symbol = symbols[high] ?? NO_SYMBOL;
    if (symbol !== NO_SYMBOL) scratch[length++] = symbol;
    node = next[high] ?? REFUSED;
    if (node === REFUSED) return undefined;
    const low = node * NIBBLES + (byte & 0x0f);
    symbol = symbols[low] ?? NO_SYMBOL;
    if (symbol !== NO_SYMBOL) scratch[length++] = symbol;
    node = next[low] ?? REFUSED;
    if (node === REFUSED) return undefined;
  }
  return mayEnd[node] === 1 ? scratch.toString('latin1', 0, length) : undefined;
}

function createTable(): NibbleTable {
  const { children, mayEnd } = createTree();
  const next = new Uint16Array(NODES * NIBBLES);
  const symbols = new Int16Array(NODES * NIBBLES).fill(NO_SYMBOL);
  for (let index = 0; index < next.length; index += 1) {
    let node = Math.floor(index / NIBBLES);
    for (let bit = NIBBLE_BITS - 1; bit >= 0 && node !== REFUSED; bit -= 1) {
      const child = children[node * 2 + ((index >> bit) & 1)] ?? 0;
      if (child >= 0) node = child;
      else if (~child === END_OF_STRING) node = REFUSED;
      else {
        symbols[index] = ~child;
        node = 0;
      }
    }
    next[index] = node;
  }
  return { next, symbols, mayEnd };
}

/** The code as a binary tree: two children a node, an inner one by its number, a leaf as the complement of its symbol. */
function createTree(): { readonly children: Int16Array; readonly mayEnd: Uint8Array } {
  const children = new Int16Array(NODES * 2);
  const mayEnd = new Uint8Array(NODES);
  mayEnd[0] = 1;
  let nodeCount = 1;
  for (const { symbol, word, bits } of listWords()) {
    let node = 0;
    for (let bit = bits - 1; bit > 0; bit -= 1) {
      const branch = node * 2 + ((word >> bit) & 1);
      if (children[branch] === 0) {
        children[branch] = nodeCount;
        const depth = bits - bit;
        if (depth <= PADDING_BITS_MAX && word >> bit === 2 ** depth - 1) mayEnd[nodeCount] = 1;
        nodeCount += 1;
      }
      node = children[branch] ?? 0;
    }
    children[node * 2 + (word & 1)] = ~symbol;
  }
  return { children, mayEnd };
}

function listWords(): { readonly symbol: number; readonly word: number; readonly bits: number }[] {
  const order = BITS.map((bits, symbol) => ({ bits, symbol })).sort(
    (a, b) => a.bits - b.bits || a.symbol - b.symbol,
  );
  let word = 0;
  let length = order[0]?.bits ?? 0;
  return order.map(({ bits, symbol }) => {
    word *= 2 ** (bits - length);
    length = bits;
    word += 1;
    return { symbol, word: word - 1, bits };
  });
}
