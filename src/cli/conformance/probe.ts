import { CommandFailed } from '../failure.ts';
import type { CliWorld } from '../world.ts';
import { HOST, PATH } from './attacks/field.ts';
import { NoAnswer, askRaw } from './client/raw-http.ts';
import type { RawAnswer } from './client/raw-http.ts';
import type { Plan } from './flags.ts';
import type { Stage } from './stage.ts';

/** A gateway may take this long to notice that Tollgate and the application are there, in milliseconds. */
const READY_MS = 15_000;
const POLL_MS = 200;
/** Tollgate tells of a gateway without its token within this time, in milliseconds. */
const TOLD_MS = 2_000;
const STRANGER = "without the gateway's token";

interface Probing {
  readonly world: Pick<CliWorld, 'nowMs' | 'pause'>;
  readonly plan: Plan;
  readonly stage: Stage;
  readonly stop: AbortSignal;
}

/** Resolves once the gateway has asked Tollgate about a request. Throws `CommandFailed`, saying what is wrong, where it does not. */
export async function requireGateway({ world, plan, stage, stop }: Probing): Promise<void> {
  const account = { api: 'trackyard', id: 'probe' };
  await stage.operations.createAccount({ ...account, tier: 'pro', credits: 1_000 });
  const { key } = await stage.operations.createKey({ api: account.api, account: account.id, name: 'probe' });
  const startMs = world.nowMs();
  for (;;) {
    const seen = await probe(key, plan, stage);
    if (seen.asked) return requireDialect(stage, plan);
    if (seen.reached) throw new CommandFailed(toUnasked(plan));
    if (stage.logged.some((line) => line.includes(STRANGER))) throw new CommandFailed(toStranger(plan));
    // Gateways answer with a 5xx until they have noticed who is there.
    const patienceMs = seen.status < 500 ? TOLD_MS : READY_MS;
    if (world.nowMs() - startMs > patienceMs) throw new CommandFailed(toNeverAsked(seen, plan));
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
}

async function probe(
  key: string,
  { gateway, gatewayUrl }: Plan,
  { decided, upstream }: Stage,
): Promise<Probed> {
  upstream.take();
  const before = decided.count;
  const { host, port, loopback } = gateway;
  const { status } = await askRaw({
    host,
    port,
    method: 'GET',
    target: PATH,
    headers: [
      ['Host', HOST],
      ['Authorization', `Bearer ${key}`],
    ],
    ...(loopback ? { localAddress: '127.0.0.1' } : {}),
  }).catch((error: unknown): RawAnswer => {
    if (error instanceof NoAnswer)
      throw new CommandFailed(`no gateway answers at ${gatewayUrl}: ${error.message}`);
    throw error;
  });
  return { status, asked: decided.count > before, reached: upstream.take().length > 0 };
}

/** A dialect that is not the gateway's has no method and no target, which is refused as ambiguous. */
function requireDialect({ decided }: Stage, { entrance, gatewayUrl }: Plan): void {
  if (decided.last !== 'request_ambiguous') return;
  throw new CommandFailed(
    `the gateway at ${gatewayUrl} asks, but says no method and no target in the dialect ${entrance}: name its dialect with --entrance, or set what its recipe in deploy/ sets`,
  );
}

function toUnasked({ gatewayUrl, listen }: Plan): string {
  return `LET THROUGH: the gateway at ${gatewayUrl} passed a request on to the application and asked nobody at ${listen}: it does not check, asks elsewhere and fails open, or checks other routes alone`;
}

function toStranger({ gatewayUrl }: Plan): string {
  return `the gateway at ${gatewayUrl} asks, but shows another token in x-gateway-token than the one in the token file, or none`;
}

function toNeverAsked({ status }: Probed, { gatewayUrl, listen, entrance }: Plan): string {
  const asked = `the gateway at ${gatewayUrl} never asked at ${listen} (${entrance})`;
  return status === 404
    ? `${asked} and answered 404 by itself: it needs a route for ${HOST} and the other hosts of the documented APIs (deploy/README.md)`
    : `${asked} and answered ${status} by itself: does it ask elsewhere, by another protocol, or not for ${HOST}?`;
}
