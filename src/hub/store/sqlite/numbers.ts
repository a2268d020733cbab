const NUMBER_BYTES = 8;

/** Numbers of 64 bits as bytes, least significant byte first, on every machine. */
export function bytesFromNumbers(numbers: Float64Array): Uint8Array {
  const bytes = new Uint8Array(numbers.length * NUMBER_BYTES);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < numbers.length; index += 1)
    view.setFloat64(index * NUMBER_BYTES, numbers[index] ?? 0, true);
  return bytes;
}

/** The inverse of `bytesFromNumbers`. */
export function numbersFromBytes(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Float64Array(bytes.length / NUMBER_BYTES);
  for (let index = 0; index < numbers.length; index += 1)
    numbers[index] = view.getFloat64(index * NUMBER_BYTES, true);
  return numbers;
}
