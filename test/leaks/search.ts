import { checksumHolds } from '../../src/lib/key-format.ts';

/** A secret that is known by its bytes. */
export interface Mark {
  /** What it is, without showing it. */
  readonly name: string;
  readonly secret: Buffer;
}

/** Digits of an issued key behind its prefix, the checksum among them. */
const ISSUED_DIGITS = 36;
const BASE62_RUNS = new RegExp(`[0-9A-Za-z]{${ISSUED_DIGITS},}`, 'g');
/** What the digits of a key are at least, encoded. */
const BASE64_RUNS = /[0-9A-Za-z+/_-]{46,}/g;
const HEX_RUNS = /(?:[0-9a-f]{72,}|[0-9A-F]{72,})/g;

/**
 * What of the secrets stands in these bytes, told without showing it. Every key and token that Tollgate issues is marked by itself:
 * it ends in a checksum that noise has once in four thousand million times. It is found with its prefix and without, in base64 and hexadecimal too.
 */
export function findSecrets(bytes: Buffer, marks: readonly Mark[]): readonly string[] {
  const marked = marks.filter(({ secret }) => formsOf(secret).some((form) => bytes.includes(form)));
  const text = bytes.toString('latin1');
  return [...marked.map(({ name }) => name), ...new Set([...findIssued(text), ...findEncoded(text)])];
}

function* findIssued(text: string, how = 'an issued key or token'): Generator<string> {
  for (const [run] of text.matchAll(BASE62_RUNS)) {
    for (let at = 0; at + ISSUED_DIGITS <= run.length; at += 1) {
      const digits = run.slice(at, at + ISSUED_DIGITS);
      if (checksumHolds('', digits)) yield `${how} that ends in ${digits.slice(-4)}`;
    }
  }
}

function* findEncoded(text: string): Generator<string> {
  for (const [run] of text.matchAll(HEX_RUNS)) {
    yield* findIssued(Buffer.from(run, 'hex').toString('latin1'), 'in hexadecimal, an issued key or token');
  }
  for (const [run] of text.matchAll(BASE64_RUNS)) {
    // What is encoded may begin anywhere in a longer text.
    for (let shift = 0; shift < 4; shift += 1) {
      const decoded = Buffer.from(run.slice(shift), 'base64').toString('latin1');
      yield* findIssued(decoded, 'in base64, an issued key or token');
    }
  }
}

/** As bytes, and as text that a program might write; without the padding and the digit before it, which a longer text would not have in its middle. */
function formsOf(secret: Buffer): readonly (Buffer | string)[] {
  const hex = secret.toString('hex');
  const encoded = [secret.toString('base64'), secret.toString('base64url')];
  return [secret, hex, hex.toUpperCase(), ...encoded.map((form) => form.replace(/=+$/, '').slice(0, -1))];
}
