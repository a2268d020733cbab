import { OperationRefused } from '../../domain/operations.ts';
import type { GatewayName } from '../../domain/request.ts';
import { UsageError } from '../failure.ts';
import { toPlace } from './address.ts';
import type { Place } from './address.ts';
import { ENTRANCES, RECIPES, RECIPE_NAMES } from './choices.ts';
import type { Format, RecipeName } from './choices.ts';
import type { UpstreamPlace } from './client/upstream.ts';
import { readGatewayPlace } from './gateway-flags.ts';
import type { GatewayFlags } from './gateway-flags.ts';
import type { Plan } from './plan.ts';
import { loadRecipe } from './recipes.ts';
import { readSmallFile } from './small-file.ts';
import { findFaults } from './table/exception-faults.ts';
import { parseExceptions, toExceptions } from './table/exceptions.ts';
import type { DeclaredExceptions, ExceptionsText } from './table/exceptions.ts';
import type { Known } from './table/exception-faults.ts';
import { CASES, loadCases } from './table/load.ts';
import type { LoadedCase } from './table/load.ts';
import { isAskedFor, listKnown } from './trials.ts';

/** As commander gives them. */
export interface ConformanceFlags extends GatewayFlags {
  readonly listen: string;
  readonly upstream: string;
  readonly healthPath?: string;
  readonly public?: string;
  readonly entrance?: GatewayName;
  readonly recipe?: RecipeName;
  readonly tokenFile?: string;
  readonly exceptions?: readonly string[];
  readonly format?: Format;
}

const TOKEN_CHARS_MIN = 32;
const TOKEN_CHARS_MAX = 256;
const VISIBLE = /^[!-~]*$/;
/** More of them have one cause. */
const FAULTS_SHOWN = 10;

/** Throws `UsageError` or `OperationRefused` for what the person can mend. */
export async function readPlan(flags: ConformanceFlags): Promise<Plan> {
  const { recipe, entrance = recipe && RECIPES[recipe] } = flags;
  if (entrance === undefined) {
    throw new UsageError(
      `say what the gateway speaks: --entrance (${ENTRANCES.join(', ')}) or --recipe (${RECIPE_NAMES.join(', ')})`,
    );
  }
  const gateway = await readGatewayPlace(flags);
  const token = flags.tokenFile === undefined ? undefined : await readToken(flags.tokenFile);
  if (token === undefined && entrance !== 'envoy-grpc' && !flags.listen.startsWith('unix:')) {
    throw new UsageError(
      `a gateway that asks over HTTP shows a token: name the file that holds it with --token-file`,
    );
  }
  requireAddress('--listen', flags.listen);
  if (flags.public !== undefined && isOpen(requireAddress('--public', flags.public)) && token === undefined) {
    throw new UsageError(
      '--public on an address that others reach needs --token-file: the gateway shows its token there',
    );
  }
  const upstream = requireAddress('--upstream', flags.upstream);
  if ('path' in upstream) throw new UsageError('--upstream takes host:port');
  const table = loadCases(CASES);
  const healthPath = readHealthPath(flags, table);
  return {
    gateway,
    gatewayUrl: flags.gateway,
    entrance,
    listen: flags.listen,
    upstream: { ...upstream, ...healthPath },
    ...(flags.public === undefined ? {} : { public: flags.public }),
    token,
    table,
    exceptions: await loadExceptions(flags, table),
  };
}

const HEALTH_PATH = /^\/[!-~]{0,255}$/;

/** What the trials ask for is never taken for a look at the health: whoever gets there unchecked must be seen. */
function readHealthPath(
  { healthPath }: ConformanceFlags,
  table: readonly LoadedCase[],
): Pick<UpstreamPlace, 'healthPath'> {
  if (healthPath === undefined) return {};
  if (!HEALTH_PATH.test(healthPath)) throw new UsageError('--health-path takes a path like /healthz');
  if (isAskedFor(healthPath, table)) {
    throw new UsageError('--health-path takes a path that no case and no attack asks for');
  }
  return { healthPath };
}

function requireAddress(flag: string, text: string): Place {
  const place = toPlace(text);
  if (place === undefined || ('port' in place && place.port === 0)) {
    throw new UsageError(`${flag} takes host:port or unix:/path, as the gateway's configuration has it`);
  }
  return place;
}

function isOpen(place: Place): boolean {
  return 'host' in place && !place.host.startsWith('127.') && place.host !== '::1';
}

async function readToken(name: string): Promise<string> {
  const token = (await readSmallFile(name)).trim();
  const { length } = token;
  if (length >= TOKEN_CHARS_MIN && length <= TOKEN_CHARS_MAX && VISIBLE.test(token)) return token;
  throw new OperationRefused(
    'invalid',
    `${name}: a gateway's token has ${TOKEN_CHARS_MIN} to ${TOKEN_CHARS_MAX} visible ASCII characters`,
  );
}

/** Of two that speak of one step the person's own counts, and not the recipe's. */
async function loadExceptions(
  { exceptions = [], recipe }: ConformanceFlags,
  table: readonly LoadedCase[],
): Promise<DeclaredExceptions> {
  const known = listKnown(table);
  const own = await Promise.all(exceptions.map((name) => readExceptions(name, known)));
  return toExceptions(recipe === undefined ? own : [...own, loadRecipe(recipe)]);
}

async function readExceptions(name: string, known: Known): Promise<ExceptionsText> {
  const text = await readSmallFile(name);
  const refuse = (why: string): never => {
    throw new OperationRefused('invalid', `${name}: ${why}`);
  };
  let parsed: ExceptionsText;
  try {
    parsed = parseExceptions(text);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : 'unreadable');
  }
  const faults = findFaults(parsed, known);
  return faults.length === 0 ? parsed : refuse(faults.slice(0, FAULTS_SHOWN).join('\n'));
}
