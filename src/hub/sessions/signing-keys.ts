import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import type { SigningKeyStart } from '../../domain/operations.ts';
import type { Api } from '../../domain/policy.ts';
import type { SessionRules } from '../../domain/token.ts';
import { UnsealFailed } from '../../lib/seal.ts';
import type { Sealer } from '../../lib/seal.ts';
import { DependencyDown } from '../../ports.ts';
import type { Authorship } from '../store/audit.ts';
import type { SigningKeyInsert, SigningKeyInserted, StoredSigningKey } from '../store/sessions.ts';
import type { StoreReads, StoreWrites } from '../store/store.ts';
import { createInFlight } from './in-flight.ts';
import { PUBLISHED_AHEAD_MS, findPending, findSigner } from './signing-plan.ts';

/** A key with which access tokens are signed, opened. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: SessionRules['algorithm'];
  readonly key: CryptoKey;
}

export interface SigningKeys {
  /** In the order in which they sign, at least one: the first use makes the first. */
  list(api: Api, rules: SessionRules, nowMs: number): Promise<readonly StoredSigningKey[]>;
  /** What signs a token that is issued at that instant. */
  signerAt(api: Api, rules: SessionRules, issuedMs: number): Promise<Signer>;
  /**
   * Publishes the next key, which signs PUBLISHED_AHEAD_MS later, or puts one in the place of all others now.
   * `pending`: one is published already; `too_many`: SIGNING_KEYS_MAX.
   */
  rotate(api: Api, rules: SessionRules, rotation: Rotation): Promise<Rotated>;
}

export interface Rotation {
  readonly start: SigningKeyStart;
  readonly by: Authorship;
}

export type Rotated =
  | { readonly result: 'published'; readonly key: StoredSigningKey }
  | { readonly result: 'pending'; readonly key: StoredSigningKey }
  | { readonly result: 'too_many' };

export interface SigningKeysDeps {
  readonly reads: Pick<StoreReads, 'listSigningKeys'>;
  readonly writes: Pick<StoreWrites, 'insertSigningKey' | 'resealSigningKey'>;
  readonly sealer: Sealer;
}

/** Opened keys kept; an API has one or two in use. */
const OPENED_MAX = 64;
/** How often a key is made in the place of all others before others are called too many. */
const REPLACE_ATTEMPTS_MAX = 3;
/** APIs that make a key at the same time. */
const MAKING_MAX = 64;

export function createSigningKeys(deps: SigningKeysDeps): SigningKeys {
  const ring: Ring = { ...deps, opened: new Map(), making: createInFlight(MAKING_MAX) };
  return {
    list: (api, rules, nowMs) => listKeys(ring, { api, rules }, nowMs),
    signerAt: (api, rules, issuedMs) => findOpenSigner(ring, { api, rules }, issuedMs),
    rotate: (api, rules, { start, by }) =>
      start === 'at_once' ? replace(ring, { api, rules }, by) : rotate(ring, { api, rules }, by),
  };
}

interface Ring extends SigningKeysDeps {
  readonly opened: Map<string, Signer>;
  readonly making: (name: string, work: () => Promise<SigningKeyInserted>) => Promise<SigningKeyInserted>;
}

interface Place {
  readonly api: Api;
  readonly rules: SessionRules;
}

async function listKeys(ring: Ring, place: Place, nowMs: number): Promise<readonly StoredSigningKey[]> {
  const known = await ring.reads.listSigningKeys(place.api.name);
  const latest = known.at(-1);
  if (latest?.algorithm === place.rules.algorithm) return known;
  // Another algorithm is configured now: its key follows as any other does, and the tokens of before stay good.
  const signsFromMs = latest === undefined ? nowMs : nowMs + PUBLISHED_AHEAD_MS;
  return (await addKey(ring, place, { known, signsFromMs, by: bySelf(nowMs) })).keys;
}

async function findOpenSigner(ring: Ring, place: Place, issuedMs: number): Promise<Signer> {
  const known = await listKeys(ring, place, issuedMs);
  const signer = await openSigner(ring, known, issuedMs);
  if (signer !== undefined) return signer;
  // Its sealing key is no longer configured: what it signed stays good, and another signs from now on.
  const { keys } = await addKey(ring, place, { known, signsFromMs: issuedMs, by: bySelf(issuedMs) });
  const mended = await openSigner(ring, keys, issuedMs);
  if (mended === undefined) throw new DependencyDown('tokens', 'no signing key can be opened');
  return mended;
}

async function rotate(ring: Ring, place: Place, by: Authorship): Promise<Rotated> {
  const known = await listKeys(ring, place, by.atMs);
  const pending = findPending(known, by.atMs);
  if (pending !== undefined) return { result: 'pending', key: pending };
  const signsFromMs = by.atMs + PUBLISHED_AHEAD_MS;
  const { result, keys } = await addKey(ring, place, { known, signsFromMs, by });
  if (result === 'too_many') return { result };
  // Whoever was quicker may have added one that signs already.
  const key = findPending(keys, by.atMs) ?? keys.at(-1);
  if (key === undefined) throw new Error('an API is left without a signing key');
  return { result: result === 'inserted' ? 'published' : 'pending', key };
}

/** Where two ask at the same time, the second takes the place of the first: each is sure that no key of before is left. */
async function replace(ring: Ring, place: Place, by: Authorship): Promise<Rotated> {
  for (let attempt = 0; attempt < REPLACE_ATTEMPTS_MAX; attempt += 1) {
    const known = await ring.reads.listSigningKeys(place.api.name);
    const plan = { known, signsFromMs: by.atMs, by, others: 'go' } as const;
    const { result, keys } = await addKey(ring, place, plan);
    const [key] = keys;
    if (result === 'inserted' && key !== undefined) return { result: 'published', key };
  }
  throw new DependencyDown('directory', 'the signing keys change too fast');
}

interface KeyPlan {
  readonly known: readonly StoredSigningKey[];
  readonly signsFromMs: number;
  readonly by: Authorship;
  /** Default: they stay. */
  readonly others?: SigningKeyInsert['others'];
}

/** Publishes a key now. Whoever asks at the same time for a key of the same time gets the same. */
function addKey(ring: Ring, { api, rules }: Place, plan: KeyPlan): Promise<SigningKeyInserted> {
  const { known, signsFromMs, by, others = 'stay' } = plan;
  const after = known.at(-1)?.kid ?? '';
  return ring.making(`${api.name}\0${signsFromMs}\0${others}`, async () => {
    const made = await makeKey(ring.sealer, api, rules);
    return ring.writes.insertSigningKey({ ...made, publishedMs: by.atMs, signsFromMs, after, others }, by);
  });
}

function bySelf(atMs: number): Authorship {
  return { actor: 'tollgate', source: 'sessions', requestId: '', action: 'signing_key.create', atMs };
}

type MadeKey = Omit<StoredSigningKey, 'publishedMs' | 'signsFromMs'>;

/** The kid is the key's thumbprint (RFC 7638), so that no two keys ever share one. */
async function makeKey(sealer: Sealer, { name: api }: Api, { algorithm }: SessionRules): Promise<MadeKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const jwk = JSON.stringify(toPublicMembers(publicJwk));
  const text = JSON.stringify(await exportJWK(privateKey));
  const { sealed, keyId: sealingKeyId } = sealer.seal(text, contextOf({ api, kid }));
  return { api, kid, algorithm, jwk, sealed, sealingKeyId };
}

/** Named one by one, so that no private member can come along. */
function toPublicMembers({ kty, crv, x, y }: JWK): JWK {
  return { ...(kty === undefined ? {} : { kty }), ...withDefined({ crv, x, y }) };
}

function withDefined(members: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(members).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}

/** undefined where the key that signs at that instant cannot be opened. */
async function openSigner(
  ring: Ring,
  keys: readonly StoredSigningKey[],
  issuedMs: number,
): Promise<Signer | undefined> {
  const signing = findSigner(keys, issuedMs);
  if (signing === undefined) return undefined;
  const { opened } = ring;
  const signer = opened.get(nameOf(signing)) ?? (await openKey(ring, signing));
  if (signer === undefined) return undefined;
  if (opened.size >= OPENED_MAX) opened.clear();
  opened.set(nameOf(signing), signer);
  return signer;
}

/** undefined where its sealing key is not configured any more. A key that was sealed under a retired one is sealed anew. */
async function openKey(
  { sealer, writes }: SigningKeysDeps,
  stored: StoredSigningKey,
): Promise<Signer | undefined> {
  const { api, kid, algorithm } = stored;
  const text = unseal(sealer, stored);
  if (text === undefined) return undefined;
  const key = await importJWK(JSON.parse(text) as JWK, algorithm);
  if (key instanceof Uint8Array) throw new Error('a signing key is no key pair');
  if (stored.sealingKeyId !== sealer.keyId) {
    const { sealed, keyId: sealingKeyId } = sealer.seal(text, contextOf(stored));
    await writes.resealSigningKey({ api, kid, sealed, sealingKeyId });
  }
  return { kid, algorithm, key };
}

function unseal(sealer: Sealer, stored: StoredSigningKey): string | undefined {
  try {
    return sealer.unseal({ keyId: stored.sealingKeyId, sealed: stored.sealed }, contextOf(stored));
  } catch (error) {
    if (!(error instanceof UnsealFailed)) throw error;
    return undefined;
  }
}

/** To what a sealed private key is bound. No API key's id is of this form. */
function contextOf({ api, kid }: Pick<StoredSigningKey, 'api' | 'kid'>): string {
  return `${api}/signing/${kid}`;
}

function nameOf({ api, kid }: Pick<StoredSigningKey, 'api' | 'kid'>): string {
  return `${api}\0${kid}`;
}
