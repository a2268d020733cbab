import type { HeaderPair } from '../../../domain/reply.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** Tags within a `HeaderValueOption` (envoy/config/core/v3/base.proto). */
const OPTION = { header: 0x0a } as const;
const HEADER = { key: 0x0a, value: 0x12 } as const;
/** `append` (a message, false) and `append_action` OVERWRITE_IF_EXISTS_OR_ADD: some versions look at one alone, some at the other. */
const OVERWRITE = Uint8Array.of(0x12, 0x00, 0x18, 0x02);

/** RFC 9110 §5.6.2, lower case. */
const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** Printable ASCII, tab and everything beyond ASCII: no line break, no control character. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\uffff]*$/;
/** Names that were found to be sendable. An API's are few; those that a client invents are only ever removed. */
const NAMES_MAX = 512;
/** A longer option is not kept. */
const OPTION_BYTES_MAX = 256;
/** A value that came so often in a row is taken for one that stays: its option is kept. Two are alike by chance. */
const RUN_MIN = 8;

/** What is known of a name that may be sent. */
interface Known {
  /** The name as a field of a header, once it was written. */
  key: Uint8Array | undefined;
  /** The value that came last, and how often in a row. */
  value: string;
  run: number;
  /** The option of that value behind its tag. */
  option: Uint8Array | undefined;
}

/** Writes headers for Envoy, and none that must not go out. */
export class HeaderOptions {
  private readonly writer: ProtoWriter;
  private readonly known = new Map<string, Known>();
  private readonly removable = new Set<string>();

  constructor(writer: ProtoWriter) {
    this.writer = writer;
  }

  /** Overwrites what was there under the name. Throws where the name or the value must not be sent, and does not repeat the value. */
  write(tag: number, [name, value]: HeaderPair): void {
    const { writer } = this;
    const known = this.findKnown(name);
    if (known.option !== undefined && known.value === value) return writer.putUnder(tag, known.option);
    const start = writer.position;
    const option = writer.open(tag);
    const header = writer.open(OPTION.header);
    this.writeKey(known, name);
    if (value !== '') this.writeValue(name, value);
    writer.end(header);
    writer.put(OVERWRITE);
    writer.end(option);
    this.remember(known, value, start);
  }

  writeRemoval(tag: number, name: string): void {
    const { removable } = this;
    if (!removable.has(name)) {
      requireSendable(name);
      if (removable.size >= NAMES_MAX) removable.clear();
      removable.add(name);
    }
    this.writer.string(tag, name);
  }

  private findKnown(name: string): Known {
    const { known } = this;
    const found = known.get(name);
    if (found !== undefined) return found;
    requireSendable(name);
    if (known.size >= NAMES_MAX) known.clear();
    const fresh: Known = { key: undefined, value: '', run: 0, option: undefined };
    known.set(name, fresh);
    return fresh;
  }

  private writeKey(known: Known, name: string): void {
    const { writer } = this;
    if (known.key !== undefined) return writer.put(known.key);
    const start = writer.position;
    writer.string(HEADER.key, name);
    known.key = writer.copy(start);
  }

  private writeValue(name: string, value: string): void {
    const { writer } = this;
    const count = writer.string(HEADER.value, value);
    // Of what is found here only a tab may go out.
    if (writer.hasControl(count) && !FIELD_VALUE.test(value))
      throw new Error(`a value for header ${name} holds a control character`);
  }

  /** Many headers of an API are always the same: 0.1 µs less for each. */
  private remember(known: Known, value: string, start: number): void {
    const { writer } = this;
    known.run = known.value === value ? known.run + 1 : 1;
    known.value = value;
    const isKept = known.run >= RUN_MIN && writer.position - start <= OPTION_BYTES_MAX;
    known.option = isKept ? writer.copy(start + 1) : undefined;
  }
}

/** Pseudo headers are no tokens; `host` is one, and Envoy would overwrite it with ours. */
function requireSendable(name: string): void {
  if (!FIELD_NAME.test(name) || name === 'host')
    throw new Error('a header name that must not be sent to Envoy');
}
