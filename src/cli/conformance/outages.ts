import { addressOf } from './client/gateway-client.ts';
import type { GatewayPlace } from './client/gateway-client.ts';
import { askRaw } from './client/raw-http.ts';
import type { RawAnswer } from './client/raw-http.ts';
import { APPLICATION_BODY } from './client/upstream.ts';
import type { Upstream } from './client/upstream.ts';
import type { Difference } from './difference.ts';
import type { Door } from './door.ts';
import { outageTitle } from './titles.ts';
import type { TrackedExceptions } from './table/tracked-exceptions.ts';
import type { Trial } from './trial.ts';

export interface OutageField {
  readonly door: Door;
  readonly place: GatewayPlace;
  readonly upstream: Upstream;
  /** A status that is declared for this gateway counts in place of 503 in the API's words. */
  readonly exceptions: Pick<TrackedExceptions, 'findStatus' | 'settle'>;
  readonly pause: (ms: number) => Promise<unknown>;
}

const UNAVAILABLE = 503;
/** A gateway that does not ask is asked so often, and so far apart in milliseconds. */
const TRIES_MAX = 30;
const AGAIN_MS = 1_000;
/** Clary's `unavailable`, as its page has it. */
const WORDS = '{"error":{"code":"service_unavailable","message":"Service unavailable"}}';

const GONE = outageTitle('a Tollgate that is gone lets nobody in, and the client is told in the API’s words');
const SILENT = outageTitle('a Tollgate that never answers is given up, and lets nobody in');
const TOKEN = outageTitle('a gateway with another token than Tollgate’s lets nobody in');

/** What clients get where Tollgate does not decide: never a pass. In this order, for each leaves the door as it is. */
export const OUTAGES: readonly Trial<OutageField>[] = [
  {
    title: GONE,
    async take(field) {
      await field.door.close();
      return askUndecided(GONE, field);
    },
  },
  {
    title: SILENT,
    async take(field) {
      await field.door.fallSilent();
      return askUntilHeard(field);
    },
  },
];

/** For gateways that show a token. */
export const TOKEN_OUTAGE: Trial<OutageField> = {
  title: TOKEN,
  async take(field) {
    await field.door.changeToken();
    return askUndecided(TOKEN, field, 'any words');
  },
};

/** Gateways that were just told that nobody listens may refuse for a while without asking, which proves nothing. */
async function askUntilHeard(field: OutageField): Promise<readonly Difference[]> {
  for (let tries = 1; ; tries += 1) {
    const differences = await askUndecided(SILENT, field);
    if (differences.length > 0 || field.door.wasHeard()) return differences;
    if (tries === TRIES_MAX) return [{ kind: 'never asked again' }];
    await field.pause(AGAIN_MS);
  }
}

async function askUndecided(
  title: string,
  { place, upstream, exceptions }: OutageField,
  words: Words = 'the API’s words',
): Promise<readonly Difference[]> {
  upstream.take();
  const { status, body } = await askRaw({
    ...addressOf(place),
    method: 'GET',
    target: '/v1/documents',
    headers: [
      ['Host', 'api.claryai.com'],
      ['Authorization', 'Bearer clary_x'],
      ['X-Account-Id', 'forged'],
    ],
  });
  if (upstream.take().length > 0 || body === APPLICATION_BODY) return [{ kind: 'let through' }];
  const declared = exceptions.findStatus(title);
  const asPromised = (): readonly Difference[] => judgeUnavailable({ status, body }, words);
  if (declared === undefined) return asPromised();
  return exceptions.settle(title, judgeStatus({ status, body }, declared), asPromised);
}

type Words = 'the API’s words' | 'any words';

type Told = Pick<RawAnswer, 'status' | 'body'>;

function judgeStatus({ status, body }: Told, promised: number): readonly Difference[] {
  return status === promised ? [] : [{ kind: 'status', promised, status, seen: body }];
}

function judgeUnavailable({ status, body }: Told, words: Words): readonly Difference[] {
  const differences = judgeStatus({ status, body }, UNAVAILABLE);
  if (differences.length > 0) return differences;
  if (words === 'any words' || isSameJson(body, WORDS)) return [];
  return [{ kind: 'body', status, promised: WORDS, seen: body }];
}

/** Gateways format what they answer themselves in their own way. */
function isSameJson(text: string, other: string): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === other;
  } catch {
    return false;
  }
}
