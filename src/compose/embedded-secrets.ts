import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecretRing, Secrets } from '../config/document.ts';
import { OperationRefused } from '../domain/operations.ts';

/** Both rings, given or made. */
export interface ResolvedSecrets {
  readonly pepper: SecretRing;
  readonly sealingKey: SecretRing;
  /** One sentence for each secret that was made by this start. */
  readonly notes: readonly string[];
}

export interface EmbeddedPlace {
  /** The database's folder. */
  readonly directory: string;
  readonly databasePath: string;
  readonly randomBytes: (count: number) => Uint8Array;
}

const SECRET_BYTES = 32;
const EMBEDDED_ID = 'embedded';

/**
 * Secrets that the configuration does not give live beside the database, made on first use with mode 0600.
 * Throws `OperationRefused` where the database is older than its secret: a new one would make every key unknown.
 */
export async function resolveSecrets(
  given: Pick<Secrets, 'pepper' | 'sealingKey'>,
  place: EmbeddedPlace,
): Promise<ResolvedSecrets> {
  const notes: string[] = [];
  const isNew = !(await exists(place.databasePath));
  const resolve = async (ring: SecretRing | undefined, name: string): Promise<SecretRing> => {
    if (ring !== undefined) return ring;
    const path = join(place.directory, name);
    if (!(await exists(path))) {
      if (!isNew) throw new OperationRefused('unavailable', missing(path, place.databasePath));
      await createSecretFile(path, place.randomBytes);
      notes.push(
        `made a ${name} in ${path}: keep it with the database, and give one of your own in production`,
      );
    }
    return { current: { id: EMBEDDED_ID, secret: await readSecretFile(path) }, retired: [] };
  };
  const pepper = await resolve(given.pepper, 'pepper');
  const sealingKey = await resolve(given.sealingKey, 'sealing-key');
  return { pepper, sealingKey, notes };
}

function missing(path: string, databasePath: string): string {
  return `${path} is missing, but ${databasePath} exists: put the file back, or name its secret in the configuration`;
}

/** Whole or not at all, and never in place of another's: two starts at once agree on one secret. */
async function createSecretFile(path: string, randomBytes: EmbeddedPlace['randomBytes']): Promise<void> {
  const draft = `${path}.${Buffer.from(randomBytes(8)).toString('hex')}`;
  const text = Buffer.from(randomBytes(SECRET_BYTES)).toString('base64');
  try {
    await writeFile(draft, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true });
    await link(draft, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function readSecretFile(path: string): Promise<Uint8Array> {
  const secret = Buffer.from((await readFile(path, 'latin1')).trim(), 'base64');
  if (secret.length < SECRET_BYTES) {
    throw new OperationRefused(
      'unavailable',
      `${path} holds no secret: expected ${SECRET_BYTES} bytes in base64`,
    );
  }
  return new Uint8Array(secret);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    // A file that may not be looked at is not a missing one: to make another in its place would make every key unknown.
    if (codeOf(error) !== 'ENOENT') throw error;
    return false;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
