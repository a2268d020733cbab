import { findStale, parseCertificates, parsePrivateKey } from '../lib/certificates.ts';
import { pathBeside, readText } from './files.ts';
import type { ReadText } from './files.ts';
import type { Fault, KeyPath } from './problems.ts';
import type { GrpcSection } from './schema/grpc.ts';
import { readSecret } from './secrets.ts';
import type { Source } from './source.ts';

/** What the listener shows its peers, in PEM. The private key is among the secrets. */
export interface TlsDocument {
  readonly certificate: string;
  /** Absent: whoever reaches the listener may ask. */
  readonly clients?: {
    readonly authority: string;
    /** `dns:…` or `uri:…`; at least one. */
    readonly altNames: readonly string[];
  };
}

export interface TlsReading {
  /** undefined where the listener speaks cleartext, or something is wrong. */
  readonly tls: TlsDocument | undefined;
  readonly key: string | undefined;
  readonly faults: readonly Fault[];
  /** Certificates out of their time. No mistake of the file: whoever revokes a key with it must not be kept from that. The listener refuses to start. */
  readonly notices: readonly Fault[];
}

export interface TlsPlace {
  readonly source: Source;
  readonly path: KeyPath;
  readonly readFile: ReadText;
  /** Wall time. */
  readonly nowMs: number;
}

/** Reads the files that a `tls` section names and checks that they fit together. */
export function readTls(section: GrpcSection['tls'], place: TlsPlace): TlsReading {
  if (section === undefined) return { tls: undefined, key: undefined, faults: [], notices: [] };
  const faults: Fault[] = [];
  const fail = (name: string, message: string): undefined => {
    faults.push({ path: [...place.path, name], message });
  };
  const certificate = readCertificates(section.certificate, place, (message) => fail('certificate', message));
  const key = readKey(section.key, { certificate, place, fail: (message) => fail('key', message) });
  const clients = readClients(section, { place, fail });
  if (faults.length > 0 || certificate === undefined || key === undefined) {
    return { tls: undefined, key: undefined, faults, notices: [] };
  }
  const tls = { certificate, ...(clients && { clients }) };
  return { tls, key, faults, notices: listStale(tls, place) };
}

function listStale({ certificate, clients }: TlsDocument, { path, nowMs }: TlsPlace): Fault[] {
  const own = findStale(certificate, nowMs);
  const authority = clients && findStale(clients.authority, nowMs);
  return [
    ...(own === undefined ? [] : [{ path: [...path, 'certificate'], message: own }]),
    ...(authority === undefined ? [] : [{ path: [...path, 'client_ca'], message: authority }]),
  ];
}

type Fail = (message: string) => undefined;

function readCertificates(reference: string, place: TlsPlace, fail: Fail): string | undefined {
  const reading = readText(place.readFile, pathBeside(place.source.file, reference));
  if ('reason' in reading) return fail(`the file named here ${reading.reason}`);
  if (parseCertificates(reading.text) === undefined)
    return fail('the file named here holds no certificates in PEM');
  return reading.text;
}

interface KeyContext {
  readonly certificate: string | undefined;
  readonly place: TlsPlace;
  readonly fail: Fail;
}

function readKey(
  value: string | null | undefined,
  { certificate, place, fail }: KeyContext,
): string | undefined {
  const reading = readSecret(value, { ...place, path: [...place.path, 'key'] });
  if (!('text' in reading)) return fail(reading.message);
  if (reading.text === undefined) return fail('is missing: expected ${NAME} or file:path');
  const key = parsePrivateKey(reading.text);
  if (key === undefined) return fail('expected a private key in PEM without a passphrase');
  const [own] = certificate === undefined ? [] : (parseCertificates(certificate) ?? []);
  if (own !== undefined && !own.checkPrivateKey(key)) return fail('this key is not the certificate’s');
  return reading.text;
}

interface ClientsContext {
  readonly place: TlsPlace;
  readonly fail: (name: string, message: string) => undefined;
}

function readClients(
  { client_ca: reference, client_sans: altNames }: NonNullable<GrpcSection['tls']>,
  { place, fail }: ClientsContext,
): TlsDocument['clients'] {
  if (reference === undefined) {
    return altNames.length === 0 ? undefined : fail('client_sans', 'needs client_ca, which signs them');
  }
  if (altNames.length === 0) fail('client_sans', 'say who may ask: an authority signs others, too');
  const authority = readCertificates(reference, place, (message) => fail('client_ca', message));
  return authority === undefined ? undefined : { authority, altNames };
}
