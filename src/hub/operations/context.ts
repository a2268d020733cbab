import type { Actor } from '../../domain/audit.ts';
import { OperationRefused } from '../../domain/operations.ts';
import type { Api, Policy } from '../../domain/policy.ts';
import type { KeyHasher } from '../../lib/key-digest.ts';
import type { Sealer } from '../../lib/seal.ts';
import { DependencyDown } from '../../ports.ts';
import type { Clock } from '../../ports.ts';
import type { SigningKeys } from '../sessions/signing-keys.ts';
import type { Authorship } from '../store/audit.ts';
import type { StoreReads, StoreWrites } from '../store/store.ts';
import { shown } from './fields.ts';

export interface OperationsDeps {
  /** For whom these operations are done. */
  readonly actor: Actor;
  readonly policy: Policy;
  readonly reads: StoreReads;
  readonly writes: StoreWrites;
  readonly hasher: KeyHasher;
  /** undefined where no sealing key is configured: then no key can be made for an API that seals its keys. */
  readonly sealer: Sealer | undefined;
  /** The keys that sign access tokens of sessions. */
  readonly signing: Pick<SigningKeys, 'rotate'>;
  /** A CSPRNG. */
  readonly random: (byteCount: number) => Uint8Array;
  readonly clock: Clock;
  /** Resolves once every edge has confirmed the change, or its serving time has run out, with the names of those that have not. */
  readonly confirm: (seq: number) => Promise<readonly string[]>;
}

/** Throws `OperationRefused('not_found')`. */
export function findApi({ policy }: Pick<OperationsDeps, 'policy'>, name: string): Api {
  const api = policy.apis.find((candidate) => candidate.name === name);
  if (api !== undefined) return api;
  const known = policy.apis.map((candidate) => candidate.name).join(', ');
  throw new OperationRefused('not_found', `unknown API ${shown(name)}: known are ${known}`);
}

/** Wall time in whole milliseconds, as the store keeps it. */
export function readNowMs({ clock }: Pick<OperationsDeps, 'clock'>): number {
  return Math.floor(clock.now().wallMs);
}

/** Who does what, as the store writes it down. */
export function authorOf(
  { actor }: Pick<OperationsDeps, 'actor'>,
  action: Authorship['action'],
  atMs: number,
): Authorship {
  return { actor: actor.name, source: actor.source, requestId: actor.requestId, action, atMs };
}

/** What the store answers; its outage becomes a refusal that whoever asked can understand. */
export async function ask<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof DependencyDown)) throw error;
    throw new OperationRefused('unavailable', `the store does not answer (${error.message}): try again`);
  }
}
