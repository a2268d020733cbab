import { findClashes } from './checks/apis.ts';
import type { ReadFile } from './checks/apis.ts';
import { AREA_CHECKS } from './checks/areas.ts';
import { runChecks } from './checks/check.ts';
import { DECLARED_CHECKS } from './checks/declared.ts';
import { ENDPOINT_CHECKS } from './checks/endpoints.ts';
import { ERROR_CHECKS } from './checks/errors.ts';
import { SESSION_CHECKS } from './checks/sessions.ts';
import { TIER_CHECKS } from './checks/tiers.ts';
import { TOKEN_CHECKS } from './checks/tokens.ts';
import { readDeclaredKeys } from './declared-secrets.ts';
import { toDocument } from './document.ts';
import type { ConfigDocument, Secrets } from './document.ts';
import { pathBeside, readText } from './files.ts';
import type { ReadText } from './files.ts';
import { readGatewayToken } from './gateway-token.ts';
import { readHttpSecrets } from './http-secrets.ts';
import { interpolate } from './interpolate.ts';
import type { Environment } from './interpolate.ts';
import { readKeySets } from './key-sets.ts';
import { listNotices } from './notices.ts';
import { ConfigProblems } from './problems.ts';
import type { Fault, KeyPath, Problem } from './problems.ts';
import { kindOf, schemaAt } from './schema-tree.ts';
import type { Kind } from './schema-tree.ts';
import { apiSchema, apiShape } from './schema/api.ts';
import type { ApiSections } from './schema/api.ts';
import { serverSchema, serverShape } from './schema/server.ts';
import type { ServerSections } from './schema/server.ts';
import { readRing } from './secrets.ts';
import { readSections } from './sections.ts';
import { applySets } from './sets.ts';
import { locate, parseSource, toFileProblem } from './source.ts';
import type { Source } from './source.ts';
import { readTls } from './tls.ts';
import type { TlsDocument } from './tls.ts';

export type { ConfigDocument, Secrets } from './document.ts';

export interface LoadOptions {
  /** The file that names all others. */
  readonly path: string;
  /** Throws where there is no such file, or it cannot be read. */
  readonly readFile: ReadText;
  readonly env: Environment;
  /** `key=value`, each in place of what the file says. */
  readonly sets: readonly string[];
  /** Wall time: certificates should be in their time. */
  readonly nowMs: number;
}

export interface LoadedConfig {
  readonly document: ConfigDocument;
  readonly secrets: Secrets;
  /** What works but is worth knowing. */
  readonly notices: readonly Problem[];
}

/**
 * Reads and checks a whole configuration; the reader is the only thing it touches.
 * @throws ConfigProblems with everything that is wrong, in all files. References between sections are checked where those sections are right.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { readFile, env, nowMs } = options;
  const server = readServer(options);
  const { files, problems: unread } = readApis(server, { readFile, env });
  const secrets = readSecrets(server, { files, readFile, nowMs });
  const keySets = readKeySets(files, readFile);
  const problems = [
    ...server.problems,
    ...unread,
    ...files.flatMap(({ source, sections }) =>
      [...sections.faults, ...runChecks(API_CHECKS, sections)].map((fault) => locate(source, fault)),
    ),
    ...findClashes(files),
    ...secrets.problems,
    ...keySets.problems,
  ];
  if (problems.length > 0) throw new ConfigProblems(problems);
  const apis = files.map(({ source, sections }) => ({
    file: source.file,
    sections: sections.values as ApiSections,
  }));
  const values = server.sections.values as ServerSections;
  const document = toDocument({
    server: values,
    apis,
    tls: secrets.tls,
    httpTls: secrets.httpTls,
    keySets: keySets.keySets,
  });
  return {
    document,
    secrets: secrets.secrets,
    notices: [...secrets.notices, ...files.flatMap((file) => listNotices(file, values.mode))],
  };
}

const API_CHECKS = [
  ...AREA_CHECKS,
  ...TIER_CHECKS,
  ...TOKEN_CHECKS,
  ...SESSION_CHECKS,
  ...ENDPOINT_CHECKS,
  ...ERROR_CHECKS,
  ...DECLARED_CHECKS,
];

const serverKindAt = (path: KeyPath): Kind => kindOf(schemaAt(serverSchema, path));
const apiKindAt = (path: KeyPath): Kind => kindOf(schemaAt(apiSchema, path));

interface ServerFile extends ReadFile<ServerSections> {
  readonly problems: readonly Problem[];
}

function readServer({ path, readFile, env, sets }: LoadOptions): ServerFile {
  const reading = readText(readFile, path);
  if ('reason' in reading) throw new ConfigProblems([toFileProblem(path, reading.reason)]);
  const source = parseSource(path, reading.text);
  if (!('document' in source)) throw new ConfigProblems(source);
  const setProblems = applySets(source, sets, serverKindAt);
  const unset = interpolate(source, env, serverKindAt);
  const sections = readSections(
    serverShape,
    source.document.toJS(),
    unset.map(({ path: at }) => at),
  );
  const faults = [...unset, ...sections.faults].map((fault) => locate(source, fault));
  return { source, sections, problems: [...setProblems, ...faults] };
}

interface Reader {
  readonly readFile: ReadText;
  readonly env: Environment;
}

interface ApiReading {
  readonly files: readonly ReadFile<ApiSections>[];
  readonly problems: readonly Problem[];
}

function readApis({ source, sections }: ServerFile, { readFile, env }: Reader): ApiReading {
  const files: ReadFile<ApiSections>[] = [];
  const problems: Problem[] = [];
  const paths = (sections.values.apis ?? []).map((reference) => pathBeside(source.file, reference));
  for (const [index, path] of paths.entries()) {
    const fail = (message: string): Problem => locate(source, { path: ['apis', index], message });
    if (paths.indexOf(path) < index) {
      problems.push(fail(`${path} stands in this list already`));
      continue;
    }
    const reading = readText(readFile, path);
    const api = 'text' in reading ? parseSource(path, reading.text) : [fail(`${path} ${reading.reason}`)];
    if ('document' in api) files.push(readApi(api, env));
    else problems.push(...api);
  }
  return { files, problems };
}

function readApi(source: Source, env: Environment): ReadFile<ApiSections> {
  const unset = interpolate(source, env, apiKindAt);
  const sections = readSections(
    apiShape,
    source.document.toJS(),
    unset.map(({ path }) => path),
  );
  return { source, sections: { ...sections, faults: [...unset, ...sections.faults] } };
}

interface SecretsReading {
  readonly secrets: Secrets;
  readonly tls: TlsDocument | undefined;
  readonly httpTls: readonly (TlsDocument | undefined)[];
  readonly notices: readonly Problem[];
  readonly problems: readonly Problem[];
}

interface SecretsContext extends Pick<LoadOptions, 'readFile' | 'nowMs'> {
  readonly files: readonly ReadFile<ApiSections>[];
}

function readSecrets(
  { source, sections }: ServerFile,
  { files, readFile, nowMs }: SecretsContext,
): SecretsReading {
  const given = sections.values.secrets;
  const pepper = readRing(given?.pepper, { source, path: ['secrets', 'pepper'], readFile });
  const sealing = readRing(given?.sealing_key, { source, path: ['secrets', 'sealing_key'], readFile });
  const declared = readDeclaredKeys(files, readFile);
  const tls = readTls(sections.values.check?.grpc.tls, { source, path: TLS_PATH, readFile, nowMs });
  const gateway = readGatewayToken(sections.values.public, { source, readFile });
  const http = readHttpSecrets(sections.values.check?.http ?? [], { source, readFile, nowMs });
  const faults: Fault[] = [...pepper.faults, ...sealing.faults, ...gateway.faults];
  if (sections.values.mode === 'production' && given !== undefined && faults.length === 0) {
    const seals = files.some((file) => isSealing(file.sections.values));
    if (pepper.ring === undefined) faults.push({ path: ['secrets', 'pepper'], message: NEEDED });
    if (sealing.ring === undefined && seals)
      faults.push({ path: ['secrets', 'sealing_key'], message: NEEDED });
  }
  return {
    secrets: {
      pepper: pepper.ring,
      sealingKey: sealing.ring,
      checkTlsKey: tls.key,
      checkHttp: http.secrets,
      ...(gateway.token === undefined ? {} : { gatewayToken: gateway.token }),
      declaredKeys: declared.secrets,
    },
    tls: tls.tls,
    httpTls: http.tls,
    notices: [...tls.notices, ...http.notices].map((fault) => locate(source, fault)),
    problems: [
      ...[...faults, ...tls.faults, ...http.faults].map((fault) => locate(source, fault)),
      ...declared.problems,
    ],
  };
}

/** What customers sign with, and what signs for sessions, is kept sealed. */
function isSealing({ keys, sessions }: Partial<ApiSections>): boolean {
  return keys?.key_signed_jwt === true || sessions !== undefined;
}

const TLS_PATH: KeyPath = ['check', 'grpc', 'tls'];
const NEEDED = 'is missing: mode production makes no secrets of its own';
