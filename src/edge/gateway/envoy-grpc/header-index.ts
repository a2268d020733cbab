import type { RequestHeaders } from '../../../domain/request.ts';
import { PAIR } from './pair-reader.ts';
import type { PairReader } from './pair-reader.ts';
import { MORE } from './proto-reader.ts';

/**
 * Where headers lie in a message, as numbers. One tells a header as gateways write it: where its name begins and, in the lowest bits, how
 * long that is; the message itself says the rest. Against four numbers for each, and readers made anew for each message, it saves 0.45 of 1.2 µs for 15 headers.
 * Any other header takes five numbers: WIDE, its name's place and length, its value's; a value that came as bytes has its length's complement.
 */
export type Places = number[];

const WIDE = -1;
const WIDE_NUMBERS = 5;
const NAME_BITS = 7;
const NAME_MASK = 2 ** NAME_BITS - 1;
/** From here on the one number would not be a small one to V8. */
const AT_MAX = 2 ** 24;

/** Adds the header that was read last. Values of a name keep their order. */
export function addPlace(places: Places, pair: PairReader): void {
  const { keyAt, keyLength } = pair;
  if (pair.isPlain && keyAt < AT_MAX) places.push((keyAt << NAME_BITS) | keyLength);
  else if (pair.rawLength > 0) places.push(WIDE, keyAt, keyLength, pair.rawAt, ~pair.rawLength);
  else places.push(WIDE, keyAt, keyLength, pair.valueAt, pair.valueLength);
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const BEYOND_ASCII = /[^\0-\x7f]/;

/** A string of protobuf out of bytes that were read as latin1. */
export function toUtf8(latin1: string): string {
  return BEYOND_ASCII.test(latin1) ? decoder.decode(Buffer.from(latin1, 'latin1')) : latin1;
}

const NO_VALUES: readonly string[] = [];
/** Lower case and ASCII, as all that Envoy sends. */
const PLAIN_NAME = /^[\0-@[-\x7f]*$/;
const ODD_NAME = /[^a-z0-9-]/;
/** Up to so many names are told apart by looking at each other: half the time of a set. */
const FEW = 64;

/** Texts of one length are compared, no others. */
function hasText(texts: readonly string[], text: string): boolean {
  for (const other of texts) if (other.length === text.length && other === text) return true;
  return false;
}

/** Where headers lie; pseudo headers are not among them. */
export interface HeaderPlaces {
  readonly lines: Places;
  /** Those whose values the gateway has joined: the last one of a name wins. */
  readonly joined: Places;
  /** False where no name has a character that is neither `a-z`, `0-9` nor `-`. */
  readonly mayHaveOdd: boolean;
}

/**
 * The checked request's headers, as places in the message's text: a value is cut out when it is asked for. A decision asks for three to six
 * of about twenty.
 */
export class HeaderIndex implements RequestHeaders {
  private readonly text: string;
  private readonly lines: Places;
  private readonly joined: Places;
  private readonly mayHaveOdd: boolean;

  /** `text` has a character for each byte of the message. */
  constructor(text: string, { lines, joined, mayHaveOdd }: HeaderPlaces) {
    this.text = text;
    this.lines = lines;
    this.joined = joined;
    this.mayHaveOdd = mayHaveOdd;
  }

  all(name: string): readonly string[] {
    const values = this.findLines(name);
    return values.length > 0 || this.joined.length === 0 ? values : this.findJoined(name);
  }

  names(): readonly string[] {
    const names: string[] = [];
    this.addNames(names, this.lines);
    this.addNames(names, this.joined);
    if (names.length > FEW) return [...new Set(names)];
    const distinct: string[] = [];
    for (const name of names) if (!hasText(distinct, name)) distinct.push(name);
    return distinct;
  }

  /** Seldom any: that there are none was seen while the message was read. */
  oddNames(): readonly string[] {
    return this.mayHaveOdd ? this.names().filter((name) => ODD_NAME.test(name)) : NO_VALUES;
  }

  /** In lower case. */
  private addNames(names: string[], places: Places): void {
    for (let entry = 0; entry < places.length; entry += numbersAt(places, entry)) {
      const name = this.nameAt(places, entry);
      names.push(PLAIN_NAME.test(name) ? name : toUtf8(name).toLowerCase());
    }
  }

  private findLines(name: string): readonly string[] {
    const { lines } = this;
    let values: string[] | undefined;
    for (let entry = 0; entry < lines.length; entry += numbersAt(lines, entry)) {
      if (!this.isNamed(lines, entry, name)) continue;
      const value = this.valueAt(lines, entry);
      if (values === undefined) values = [value];
      else values.push(value);
    }
    return values ?? NO_VALUES;
  }

  /** One value for each spelling, in the order of their first arrival; a spelling in lower case stands for all. */
  private findJoined(name: string): readonly string[] {
    const { joined } = this;
    const values = new Map<string, string>();
    for (let entry = 0; entry < joined.length; entry += numbersAt(joined, entry)) {
      if (this.isNamed(joined, entry, name))
        values.set(this.nameAt(joined, entry), this.valueAt(joined, entry));
    }
    const exact = values.get(name);
    return exact === undefined ? [...values.values()] : [exact];
  }

  /** Envoy sends lower case. Another spelling is looked for only where length and first letter already agree. */
  private isNamed(places: Places, entry: number, name: string): boolean {
    const place = places[entry] ?? 0;
    if (place !== WIDE)
      return (place & NAME_MASK) === name.length && this.hasNameAt(place >> NAME_BITS, name);
    return places[entry + 2] === name.length && this.hasNameAt(places[entry + 1] ?? 0, name);
  }

  private hasNameAt(at: number, name: string): boolean {
    const { text } = this;
    if (text.startsWith(name, at)) return true;
    if ((text.charCodeAt(at) | 0x20) !== (name.charCodeAt(0) | 0x20)) return false;
    return text.slice(at, at + name.length).toLowerCase() === name;
  }

  private nameAt(places: Places, entry: number): string {
    const place = places[entry] ?? 0;
    const at = place === WIDE ? (places[entry + 1] ?? 0) : place >> NAME_BITS;
    return this.text.slice(at, at + (place === WIDE ? (places[entry + 2] ?? 0) : place & NAME_MASK));
  }

  /** Bytes stay bytes, one character each: none is lost or merged, and none that is not ASCII can pass for one that is. */
  private valueAt(places: Places, entry: number): string {
    const place = places[entry] ?? 0;
    if (place === WIDE) return this.cut(places[entry + 3] ?? 0, places[entry + 4] ?? 0);
    const { text } = this;
    const tagAt = (place >> NAME_BITS) + (place & NAME_MASK);
    const low = text.charCodeAt(tagAt + 1);
    const length = low < MORE ? low : low + (text.charCodeAt(tagAt + 2) - 1) * MORE;
    const isRaw = text.charCodeAt(tagAt) === PAIR.rawValue;
    return this.cut(low < MORE ? tagAt + 2 : tagAt + 3, isRaw ? ~length : length);
  }

  /** What came as bytes has the complement of its length. */
  private cut(at: number, length: number): string {
    return length < 0 ? this.text.slice(at, at + ~length) : toUtf8(this.text.slice(at, at + length));
  }
}

/** How many numbers an entry takes. */
function numbersAt(places: Places, entry: number): number {
  return places[entry] === WIDE ? WIDE_NUMBERS : 1;
}
