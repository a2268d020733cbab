import type { GatewayName } from '../../domain/request.ts';
import { CommandFailed } from '../failure.ts';
import type { CliWorld } from '../world.ts';
import { HOST, PATH } from './attacks/field.ts';
import { addressOf } from './client/gateway-client.ts';
import type { GatewayPlace } from './client/gateway-client.ts';
import { NoAnswer, askRaw } from './client/raw-http.ts';
import type { RawAnswer } from './client/raw-http.ts';
import type { Received } from './client/upstream.ts';
import type { Plan } from './plan.ts';
import type { Stage } from './stage.ts';

/** A gateway may take this long to notice that Tollgate and the application are there, in milliseconds. */
const READY_MS = 15_000;
const POLL_MS = 200;
/** Tollgate tells of a gateway without its token within this time, in milliseconds. */
const TOLD_MS = 2_000;
const STRANGER = "without the gateway's token";

/** By its query the request is known at the application, whatever else gets there. */
const MARK = '?from=tollgate-conformance';
const MARKED = `${PATH}${MARK}`;

/** Whether anything at all answers a plain request there. */
export async function isThere(place: GatewayPlace): Promise<boolean> {
  const asked = askRaw({ ...addressOf(place), method: 'GET', target: PATH, headers: [['Host', HOST]] });
  return asked.then(
    () => true,
    (error: unknown) => {
      if (error instanceof NoAnswer) return false;
      throw error;
    },
  );
}

interface Probing {
  readonly world: Pick<CliWorld, 'nowMs' | 'pause'>;
  readonly plan: Plan;
  readonly stage: Stage;
  readonly stop: AbortSignal;
}

/** Resolves once the gateway has asked Tollgate about a request and passed on what Tollgate allowed. Throws `CommandFailed`, saying what is wrong, where it does not. */
export async function requireGateway({ world, plan, stage, stop }: Probing): Promise<void> {
  const account = { api: 'trackyard', id: 'probe' };
  await stage.operations.createAccount({ ...account, tier: 'pro', credits: 1_000 });
  const { key } = await stage.operations.createKey({ api: account.api, account: account.id, name: 'probe' });
  const startMs = world.nowMs();
  for (;;) {
    const seen = await probe(key, plan, stage);
    if (seen.stray !== undefined) throw new CommandFailed(toStray(seen.stray));
    if (seen.asked) requireDialect(stage, plan);
    if (seen.asked && (seen.reached || stage.decided.last !== 'ok')) return;
    if (seen.reached) throw new CommandFailed(toUnasked(plan));
    if (stage.logged.some((line) => line.includes(STRANGER))) throw new CommandFailed(toStranger(plan));
    // Gateways answer with a 5xx until they have noticed who is there.
    const patienceMs = seen.status < 500 ? TOLD_MS : READY_MS;
    if (world.nowMs() - startMs > patienceMs)
      throw new CommandFailed(seen.asked ? toNowhere(seen, plan) : toNeverAsked(seen, plan));
    if (stop.aborted) throw new CommandFailed('the run was stopped');
    await world.pause(POLL_MS);
  }
}

interface Probed {
  readonly status: number;
  /** Whether Tollgate decided about the request. */
  readonly asked: boolean;
  /** Whether it got to the application. */
  readonly reached: boolean;
  /** What got there besides, which nobody sent here. */
  readonly stray: Received | undefined;
}

async function probe(
  key: string,
  { gateway, gatewayUrl }: Plan,
  { decided, upstream }: Stage,
): Promise<Probed> {
  const before = decided.count;
  const hint =
    gateway.tls === undefined ? '' : ' (its certificate is judged by --gateway-ca and --gateway-name)';
  const { status } = await askRaw({
    ...addressOf(gateway),
    method: 'GET',
    target: MARKED,
    headers: [
      ['Host', HOST],
      ['Authorization', `Bearer ${key}`],
    ],
  }).catch((error: unknown): RawAnswer => {
    if (error instanceof NoAnswer)
      throw new CommandFailed(`no gateway answers at ${gatewayUrl}: ${error.message}${hint}`);
    throw error;
  });
  const received = upstream.take();
  return {
    status,
    asked: decided.count > before,
    reached: received.some(isOurs),
    stray: received.find((each) => !isOurs(each)),
  };
}

/** However a gateway spells the path that it hands on. */
function isOurs({ target }: Received): boolean {
  return target.endsWith(MARK);
}

/** Without which a dialect takes no request for one. */
const NEEDED: Readonly<Record<GatewayName, string>> = {
  'envoy-grpc': 'method, path and host',
  'envoy-http': 'X-Gateway-Peer and X-Gateway-Request-Id, each once',
  nginx:
    'X-Original-Method, X-Original-URI, X-Original-Host, X-Gateway-Peer and X-Gateway-Request-Id, each once',
  'forward-auth':
    'X-Forwarded-Method, X-Forwarded-Uri, X-Forwarded-Host and X-Forwarded-For, each once, and names of letters, digits and dashes alone',
  kong: 'what the plugin of deploy/kong says',
};

/** A request that lacks something of its dialect has no method and no target, which is refused as ambiguous. */
function requireDialect({ decided }: Stage, { entrance, gatewayUrl }: Plan): void {
  if (decided.last !== 'request_ambiguous') return;
  throw new CommandFailed(
    `the gateway at ${gatewayUrl} asks, but does not say what the dialect ${entrance} needs, ${NEEDED[entrance]}: set it as the recipe in deploy/ does, or name its dialect with --entrance`,
  );
}

function toUnasked({ gatewayUrl, listen }: Plan): string {
  return `LET THROUGH: the gateway at ${gatewayUrl} passed a request on to the application and asked nobody at ${listen}: it does not check, asks elsewhere and fails open, or checks other routes alone`;
}

const STRAY_CHARS_MAX = 200;

function toStray({ method, target, headers }: Received): string {
  const agent = headers.find(([name]) => name === 'user-agent')?.[1] ?? 'nobody who tells his name';
  const stray = `${method} ${target}, of ${agent}`.slice(0, STRAY_CHARS_MAX);
  return `the application gets requests that are not of this run: ${stray}. Where that is a look at its health, name the path with --health-path; else lead nothing else to it, for such a request would pass for one that was let through`;
}

function toStranger({ gatewayUrl }: Plan): string {
  return `the gateway at ${gatewayUrl} asks, but shows another token in x-gateway-token than the one in the token file, or none`;
}

function toNowhere({ status }: Probed, { gatewayUrl, upstream }: Plan): string {
  return `the gateway at ${gatewayUrl} asks and is told to pass, but nothing gets to the application at ${upstream.host}:${upstream.port}, and the client gets a ${status}: does it lead elsewhere, or has it no route for ${HOST}${PATH}?`;
}

function toNeverAsked({ status }: Probed, { gatewayUrl, listen, entrance }: Plan): string {
  const asked = `the gateway at ${gatewayUrl} never asked at ${listen} (${entrance})`;
  return status === 404
    ? `${asked} and answered 404 by itself: it needs a route for ${HOST} and the other hosts of the documented APIs (deploy/README.md)`
    : `${asked} and answered ${status} by itself: does it ask elsewhere, by another protocol, or not for ${HOST}?`;
}
