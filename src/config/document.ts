import type { ApiSections } from './schema/api.ts';
import type { DeclaredKeySection } from './schema/declared.ts';
import type { ServerSections } from './schema/server.ts';

/**
 * A valid configuration as plain data: every default filled in, every reference checked, no secret in it.
 * It may be cloned to other threads; compiled there, indices agree.
 */
export interface ConfigDocument extends Pick<
  ServerSections,
  'mode' | 'public' | 'admin' | 'telemetry' | 'store' | 'counters'
> {
  readonly check: {
    readonly grpc: { readonly listen: string };
    readonly http: 'off';
    /** How long a check may take before it is answered as an outage. */
    readonly budgetMs: number;
  };
  readonly apis: readonly ApiDocument[];
}

export interface ApiDocument extends Omit<ApiSections, 'declared'> {
  /** Where it stands, for people. */
  readonly file: string;
  readonly declared: {
    readonly accounts: ApiSections['declared']['accounts'];
    readonly keys: readonly DeclaredKeyDocument[];
  };
}

/** A declared key without itself: `digest` is absent where the key is among the secrets. */
export type DeclaredKeyDocument = Omit<DeclaredKeySection, 'key'>;

/** What must stay out of the document. */
export interface Secrets {
  /** undefined where none is given: development makes its own. */
  readonly pepper: SecretRing | undefined;
  readonly sealingKey: SecretRing | undefined;
  /** Keys declared by value. */
  readonly declaredKeys: readonly DeclaredSecret[];
}

export interface SecretRing {
  readonly current: SecretEntry;
  /** At most two. */
  readonly retired: readonly SecretEntry[];
}

export interface SecretEntry {
  readonly id: string;
  /** At least 32 bytes. */
  readonly secret: Uint8Array;
}

/** Names a declared key by its API and its name, which is unique there. */
export interface DeclaredSecret {
  readonly api: string;
  readonly name: string;
  readonly key: string;
}

/** A file's path and its sections, all of them right. */
export interface ApiFileContent {
  readonly file: string;
  readonly sections: ApiSections;
}

export function toDocument(server: ServerSections, apis: readonly ApiFileContent[]): ConfigDocument {
  const { mode, check, store, counters, telemetry } = server;
  return {
    mode,
    check: { grpc: check.grpc, http: check.http, budgetMs: check.budget },
    public: server.public,
    admin: server.admin,
    telemetry,
    store,
    counters,
    apis: apis.map(toApiDocument),
  };
}

function toApiDocument({ file, sections }: ApiFileContent): ApiDocument {
  const { accounts, keys } = sections.declared;
  return { ...sections, file, declared: { accounts, keys: keys.map(({ key: _key, ...rest }) => rest) } };
}
