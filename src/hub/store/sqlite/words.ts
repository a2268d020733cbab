/** Bytes as the 32-bit words in which digests and ids travel: the first byte in a word's lowest bits, as `lib/key-digest` has them. */
export function wordsFromBytes(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Int32Array(bytes.length / 4);
  for (let index = 0; index < words.length; index += 1) words[index] = view.getInt32(index * 4, true);
  return words;
}

/** The inverse of `wordsFromBytes`. */
export function bytesFromWords(words: Int32Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setInt32(index * 4, word, true);
  return bytes;
}
