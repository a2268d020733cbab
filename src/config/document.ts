import type { HttpDialect } from '../domain/request.ts';
import type { GrpcLimits, TransportName } from '../edge/gateway/envoy-grpc/limits.ts';
import type { KeySetSource } from '../domain/token.ts';
import type { KeySetEntry } from './key-sets.ts';
import type { ApiSections } from './schema/api.ts';
import type { DeclaredKeySection } from './schema/declared.ts';
import type { GrpcSection } from './schema/grpc.ts';
import type { HttpSection } from './schema/http.ts';
import type { ServerSections } from './schema/server.ts';
import { KEY_SIGNED_DEFAULTS } from './schema/tokens.ts';
import type { IssuerSection, TokensSection } from './schema/tokens.ts';
import type { TlsDocument } from './tls.ts';

/**
 * A valid configuration as plain data: every default filled in, every reference checked, no secret in it.
 * It may be cloned to other threads; compiled there, indices agree.
 */
export interface ConfigDocument extends Pick<
  ServerSections,
  'mode' | 'admin' | 'telemetry' | 'store' | 'counters'
> {
  readonly public: { readonly listen: string };
  readonly check: {
    readonly grpc: GrpcDocument;
    /** In the order of the file, as are their secrets. */
    readonly http: readonly HttpDocument[];
    /** How long a check may take before it is answered as an outage. */
    readonly budgetMs: number;
  };
  readonly apis: readonly ApiDocument[];
}

export interface GrpcDocument {
  readonly listen: string;
  readonly transport: TransportName;
  /** Rights of a unix socket. */
  readonly socketMode: number;
  /** Absent: cleartext. */
  readonly tls?: TlsDocument;
  /** How long health says NOT_SERVING before connections are closed. */
  readonly stopDelayMs: number;
  readonly limits: GrpcLimits;
}

/** Where one gateway asks over HTTP. */
export interface HttpDocument {
  readonly listen: string;
  readonly dialect: HttpDialect;
  /** Rights of a unix socket. */
  readonly socketMode: number;
  /** Absent: cleartext. */
  readonly tls?: TlsDocument;
}

export interface ApiDocument extends Omit<ApiSections, 'declared' | 'tokens'> {
  /** Where it stands, for people. */
  readonly file: string;
  readonly tokens: TokensDocument;
  readonly declared: {
    readonly accounts: ApiSections['declared']['accounts'];
    readonly keys: readonly DeclaredKeyDocument[];
  };
}

export interface TokensDocument extends Omit<TokensSection, 'issuers' | 'key_signed'> {
  readonly key_signed: NonNullable<TokensSection['key_signed']>;
  readonly issuers: Readonly<Record<string, IssuerDocument>>;
}

export interface IssuerDocument extends Omit<IssuerSection, 'keys'> {
  readonly keys: KeySetSource;
}

/** A declared key without itself: `digest` is absent where the key is among the secrets. */
export type DeclaredKeyDocument = Omit<DeclaredKeySection, 'key'>;

/** What must stay out of the document. */
export interface Secrets {
  /** undefined where none is given: development makes its own. */
  readonly pepper: SecretRing | undefined;
  readonly sealingKey: SecretRing | undefined;
  /** The check listener's private key in PEM; undefined where it speaks cleartext. */
  readonly checkTlsKey: string | undefined;
  /** Of each entrance over HTTP, in their order. */
  readonly checkHttp: readonly HttpSecrets[];
  /** What the gateway must show to the public listener; absent: nothing. */
  readonly gatewayToken?: string;
  /** Keys declared by value. */
  readonly declaredKeys: readonly DeclaredSecret[];
}

export interface HttpSecrets {
  /** What the gateway must show; absent: nothing. */
  readonly token?: string;
  /** Its private key in PEM; absent where it speaks cleartext. */
  readonly tlsKey?: string;
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

export interface DocumentParts {
  readonly server: ServerSections;
  readonly apis: readonly ApiFileContent[];
  readonly tls: TlsDocument | undefined;
  /** Of each entrance over HTTP, in their order. */
  readonly httpTls: readonly (TlsDocument | undefined)[];
  /** One for each issuer of each file. */
  readonly keySets: readonly KeySetEntry[];
}

export function toDocument({ server, apis, tls, httpTls, keySets }: DocumentParts): ConfigDocument {
  const { mode, check, store, counters, telemetry } = server;
  return {
    mode,
    check: {
      grpc: toGrpcDocument(check.grpc, tls),
      http: check.http.map((section, index) => toHttpDocument(section, httpTls[index])),
      budgetMs: check.budget,
    },
    public: { listen: server.public.listen },
    admin: server.admin,
    telemetry,
    store,
    counters,
    apis: apis.map((api) => toApiDocument(api, keySets)),
  };
}

const OCTAL = 8;

function toGrpcDocument(section: GrpcSection, tls: TlsDocument | undefined): GrpcDocument {
  const { connections, streams, checks, message_bytes: messageBytes, idle, age } = section.limits;
  return {
    listen: section.listen,
    transport: section.transport,
    socketMode: Number.parseInt(section.socket_mode, OCTAL),
    ...(tls && { tls }),
    stopDelayMs: section.stop_delay,
    limits: {
      connectionsMax: connections,
      streamsMax: streams,
      checksMax: checks,
      messageBytesMax: messageBytes,
      idleMs: idle,
      ageMs: age,
    },
  };
}

function toHttpDocument(
  { listen, dialect, socket_mode }: HttpSection,
  tls: TlsDocument | undefined,
): HttpDocument {
  return { listen, dialect, socketMode: Number.parseInt(socket_mode, OCTAL), ...(tls && { tls }) };
}

function toApiDocument({ file, sections }: ApiFileContent, keySets: readonly KeySetEntry[]): ApiDocument {
  const { accounts, keys } = sections.declared;
  return {
    ...sections,
    file,
    tokens: toTokensDocument(
      sections.tokens,
      keySets.filter((entry) => entry.file === file),
    ),
    declared: { accounts, keys: keys.map(({ key: _key, ...rest }) => rest) },
  };
}

function toTokensDocument(section: TokensSection, keySets: readonly KeySetEntry[]): TokensDocument {
  const issuers = keySets.flatMap(({ issuer: name, keys }) => {
    const issuer = section.issuers[name];
    return issuer === undefined ? [] : [[name, { ...issuer, keys }] as const];
  });
  return {
    issuers: Object.fromEntries(issuers),
    key_signed: section.key_signed ?? KEY_SIGNED_DEFAULTS,
  };
}
