import { mkdir } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { compile } from '../config/compile.ts';
import type { ConfigDocument } from '../config/document.ts';
import { loadConfig } from '../config/load.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Policy } from '../domain/policy.ts';
import type { Declared } from '../hub/store/declared.ts';
import { createKeyHasher } from '../lib/key-digest.ts';
import type { KeyHasher, PepperRing } from '../lib/key-digest.ts';
import { createSealer } from '../lib/seal.ts';
import type { Sealer, SealingRing } from '../lib/seal.ts';
import { toDeclared } from './declared.ts';
import { resolveSecrets } from './embedded-secrets.ts';
import { toHttpPlaces } from './http-entrances.ts';
import type { HttpPlace } from './http-entrances.ts';
import type { World } from './world.ts';

/** Where the configuration is. */
export interface ConfigPlace {
  /** Path of `tollgate.yaml`. */
  readonly config: string;
  /** `key=value`, each in place of what the file says; in the order given. */
  readonly sets: readonly string[];
}

/** A configuration, compiled, with its secrets at hand. */
export interface Settings {
  readonly document: ConfigDocument;
  readonly policy: Policy;
  readonly databasePath: string;
  /** Where a running server takes operations from other processes. */
  readonly controlPath: string;
  readonly peppers: PepperRing;
  readonly hasher: KeyHasher;
  readonly sealingKeys: SealingRing;
  readonly sealer: Sealer;
  readonly declared: Declared;
  /** The check listener's private key in PEM; undefined where it speaks cleartext. */
  readonly checkTlsKey: string | undefined;
  /** Where gateways ask over HTTP, with what they must show. */
  readonly checkHttp: readonly HttpPlace[];
  /** What the gateway must show to the public listener; absent: nothing. */
  readonly gatewayToken?: string;
  /** What the operator should know: secrets that were made. */
  readonly notes: readonly string[];
}

/** The checked configuration; nothing is made of it yet. Throws `ConfigProblems`. */
export function readConfig({ config, sets }: ConfigPlace, { env, clock }: World): LoadedConfig {
  return loadConfig({
    path: config,
    sets,
    env,
    nowMs: clock.now().wallMs,
    readFile: (path) => readFileSync(path, 'utf8'),
  });
}

/** What a store is opened with. */
export function toStorePlace({ databasePath, policy, declared }: Settings) {
  return { path: databasePath, apiNames: policy.apis.map(({ name }) => name), declared };
}

/** Reads the configuration and makes what it leaves to us. Throws `ConfigProblems` or `OperationRefused`. */
export async function loadSettings(place: ConfigPlace, world: World): Promise<Settings> {
  const { document, secrets } = readConfig(place, world);
  const policy = compile(document);
  const databasePath = document.store.url.slice('sqlite:'.length);
  const directory = dirname(databasePath);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const resolved = await resolveSecrets(secrets, { directory, databasePath, randomBytes: world.randomBytes });
  const hasher = createKeyHasher(resolved.pepper);
  const sealer = createSealer(resolved.sealingKey);
  // The store keeps whole milliseconds.
  const nowMs = Math.floor(world.clock.now().wallMs);
  return {
    document,
    policy,
    databasePath,
    controlPath: `${databasePath}.sock`,
    peppers: resolved.pepper,
    hasher,
    sealingKeys: resolved.sealingKey,
    sealer,
    declared: toDeclared({ document, secrets: secrets.declaredKeys, hasher, sealer, nowMs }),
    checkTlsKey: secrets.checkTlsKey,
    checkHttp: toHttpPlaces(document.check.http, secrets.checkHttp),
    ...(secrets.gatewayToken === undefined ? {} : { gatewayToken: secrets.gatewayToken }),
    notes: resolved.notes,
  };
}
