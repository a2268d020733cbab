import type { ProtoReader } from './proto-reader.ts';
import { readText } from './text-field.ts';

/** Tags of `AttributeContext.Peer` and of the addresses in it (attribute_context.proto, envoy/config/core/v3/address.proto). */
const PEER = { address: 0x0a } as const;
const ADDRESS = { socketAddress: 0x0a, pipe: 0x12, internal: 0x1a } as const;
const SOCKET_ADDRESS = { address: 0x12 } as const;

/**
 * The TCP peer (or what the PROXY protocol said of it): an IP address. '' for pipes and Envoy's internal listeners, which have none.
 * `text` has a character for each byte of the message. Throws `MalformedMessage`.
 */
export function readPeerAddress(reader: ProtoReader, text: string, end: number): string {
  let address = '';
  while (reader.at < end) {
    const tag = reader.readTag(end);
    if (tag === PEER.address) address = readAddress(reader, text, reader.readEnd(end));
    else reader.skip(tag, end);
  }
  return address;
}

/** Of the kinds of address only one is told: the last. */
function readAddress(reader: ProtoReader, text: string, end: number): string {
  let address = '';
  while (reader.at < end) {
    const tag = reader.readTag(end);
    if (tag === ADDRESS.socketAddress) {
      address = readSocketAddress(reader, text, reader.readEnd(end));
    } else {
      if (tag === ADDRESS.pipe || tag === ADDRESS.internal) address = '';
      reader.skip(tag, end);
    }
  }
  return address;
}

function readSocketAddress(reader: ProtoReader, text: string, end: number): string {
  let address = '';
  while (reader.at < end) {
    const tag = reader.readTag(end);
    if (tag === SOCKET_ADDRESS.address) address = readText(reader, text, end);
    else reader.skip(tag, end);
  }
  return address;
}
