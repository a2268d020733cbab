import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** More are not one issuer's keys. */
export const PUBLIC_KEYS_MAX = 64;
/** RFC 7518 §3.3; what is longer takes milliseconds to verify with. */
const RSA_BITS_MIN = 2_048;
const RSA_BITS_MAX = 8_192;
const RSA_EXPONENT_MAX = 2n ** 32n;
/** A number of RSA_BITS_MAX in base64url, and one of five bytes. With an exponent of 780 kB, OpenSSL thinks about a key for minutes. */
const NUMBER_CHARS_MAX = Math.ceil(RSA_BITS_MAX / 6);
const EXPONENT_CHARS_MAX = 8;

const PEM = /^\s*-----BEGIN (?<label>[A-Z0-9 ]+)-----[^-]+-----END \k<label>-----\s*$/;

/** Members of a JWK that only the one who signs may know (RFC 7518 §6.2.2, §6.3.2, §6.4.1, RFC 8037 §2). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** The signatures that the keys of a text can verify, by their names in RFC 7518 §3.1, or what is wrong with the text. */
export type PublicKeysReading = { readonly algorithms: ReadonlySet<string> } | { readonly fault: string };

/** Reads one public key in PEM (`PUBLIC KEY`, RFC 7468 §13) or a JWK set (RFC 7517 §5). Nothing that could sign passes. */
export function readPublicKeys(text: string): PublicKeysReading {
  const keys = text.includes('-----BEGIN ') ? readPem(text) : readJwkSet(text);
  if ('fault' in keys) return keys;
  const algorithms = new Set(keys.flatMap(({ key, algorithm }) => listAlgorithms(key, algorithm)));
  if (algorithms.size > 0) return { algorithms };
  return { fault: `holds no key for signatures; RSA keys have ${RSA_BITS_MIN} to ${RSA_BITS_MAX} bits` };
}

interface NamedKey {
  readonly key: KeyObject;
  /** What its holder says it is for; '' where nothing is said. */
  readonly algorithm: string;
}

type Reading = readonly NamedKey[] | { readonly fault: string };

function readPem(text: string): Reading {
  const label = PEM.exec(text)?.groups?.['label'];
  if (label === undefined) return NO_KEYS;
  if (label !== 'PUBLIC KEY') return NOT_PUBLIC;
  const key = parse(() => createPublicKey(text));
  return key === undefined ? UNREADABLE : [{ key, algorithm: '' }];
}

function readJwkSet(text: string): Reading {
  const value: unknown = parse(() => JSON.parse(text));
  if (typeof value !== 'object' || value === null || !('keys' in value)) return NO_KEYS;
  const { keys: members } = value;
  if (!Array.isArray(members) || members.length === 0 || members.length > PUBLIC_KEYS_MAX) return NO_KEYS;
  const keys: NamedKey[] = [];
  for (const member of members as readonly unknown[]) {
    if (typeof member !== 'object' || member === null) return UNREADABLE;
    if (holdsSecret(member)) return NOT_PUBLIC;
    const jwk: Readonly<Record<string, unknown>> = { ...member };
    if (!isForSignatures(jwk) || !hasUsualSize(jwk)) continue;
    const key = parse(() => createPublicKey({ key: jwk, format: 'jwk' }));
    if (key === undefined) return UNREADABLE;
    keys.push({ key, algorithm: typeof jwk['alg'] === 'string' ? jwk['alg'] : '' });
  }
  return keys;
}

/** Whether a JWK holds what only the one who signs may know. */
export function holdsSecret(jwk: object): boolean {
  return PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name));
}

/** Whether a JWK is meant to verify signatures, or for nothing in particular (RFC 7517 §4.2, §4.3). */
export function isForSignatures({ use, key_ops: operations }: Readonly<Record<string, unknown>>): boolean {
  if (use !== undefined && use !== 'sig') return false;
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
}

/** Whether the numbers of a JWK are short enough to be looked at (RFC 7518 §6.2.1, §6.3.1). */
export function hasUsualSize({ e, ...others }: Readonly<Record<string, unknown>>): boolean {
  return (
    isShort(e, EXPONENT_CHARS_MAX) && ['n', 'x', 'y'].every((name) => isShort(others[name], NUMBER_CHARS_MAX))
  );
}

function isShort(value: unknown, charsMax: number): boolean {
  return typeof value !== 'string' || value.length <= charsMax;
}

const NO_KEYS = {
  fault: `expected a JWK set ({"keys":[…]}) of 1 to ${PUBLIC_KEYS_MAX} public keys, or one key in PEM (BEGIN PUBLIC KEY)`,
};
const NOT_PUBLIC = { fault: 'expected public keys alone: something here can sign, or is no key' };
const UNREADABLE = { fault: 'a key here cannot be read' };

function parse<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const OF_CURVE: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

function listAlgorithms(key: KeyObject, named: string): readonly string[] {
  const possible = listSignatures(key);
  return named === '' ? possible : possible.filter((algorithm) => algorithm === named);
}

/** The signatures that a key of its type, curve and size can verify; none for one that is weak, slow or of a kind that is not used here. */
export function listSignatures({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly string[] {
  if (asymmetricKeyType === 'ed25519') return ['EdDSA'];
  if (asymmetricKeyType === 'ec') return [OF_CURVE[asymmetricKeyDetails?.namedCurve ?? ''] ?? []].flat();
  const { modulusLength: bits = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {};
  const isUsual = publicExponent >= 3n && publicExponent <= RSA_EXPONENT_MAX;
  if (asymmetricKeyType !== 'rsa' || !isUsual || bits < RSA_BITS_MIN || bits > RSA_BITS_MAX) return [];
  return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
}
