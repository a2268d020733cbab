import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { EnvoyProcess } from '../../src/cli/envoy-process.ts';
import { partTitle, requirePart } from '../parts.ts';
import {
  DRAIN_HOST,
  DRAIN_KEY,
  DRAIN_TARGET,
  prepareDrains,
  restartInTurn,
  restartServer,
} from './drain-world.ts';
import { ask } from './envoy.ts';

const part = await requirePart('envoy');
const binary = 'found' in part ? part.found : '';

const WITHOUT_KEY = { host: DRAIN_HOST, target: DRAIN_TARGET };
const WITH_KEY = { ...WITHOUT_KEY, headers: ['authorization', `Bearer ${DRAIN_KEY}`] };

/** Requests under way at once, and how long each lane rests between two, in milliseconds: a light, bounded load. */
const LANES = 4;
const REST_MS = 4;
/** `drain.long.test.ts` does ten and more, under more load. */
const RESTARTS = 4;
const REQUESTS_MIN = 1_000;
const TEST_MS_MAX = 120_000;

interface Outcome {
  asked: number;
  /** No answer, or Envoy's own for want of one. */
  lost: number;
  /** An allow without a key, or a refusal of a good one. */
  readonly wrong: string[];
}

describe.skipIf('missing' in part)(partTitle('restarting under load behind Envoy', part), () => {
  const begin = prepareDrains(binary);

  test(
    'two servers, one after the other, lose at most one check in a thousand and answer none wrongly',
    async () => {
      const { servers, envoy } = await begin({ names: ['a', 'b'] });
      const restarts = restartInTurn(envoy, servers, (turn) => turn < RESTARTS);
      const { asked, lost, wrong } = await askUntil(envoy, restarts);
      process.stdout.write(`${RESTARTS} rolling restarts: ${lost} of ${asked} checks lost\n`);
      expect(wrong).toEqual([]);
      expect(lost).toBeLessThanOrEqual(Math.ceil(asked / 1_000));
    },
    TEST_MS_MAX,
  );

  test(
    'the only server answers nothing wrongly, before, meanwhile and after',
    async () => {
      const { servers, envoy } = await begin({ names: ['only'] });
      const restarts = Promise.all(servers.map(restartServer));
      const { asked, lost, wrong } = await askUntil(envoy, restarts);
      process.stdout.write(`one restart of the only server: ${lost} of ${asked} checks lost\n`);
      expect(wrong).toEqual([]);
      expect(lost).toBeLessThan(asked);
      expect((await ask(envoy.baseUrl, WITH_KEY)).status).toBe(200);
    },
    TEST_MS_MAX,
  );
});

/** Asks in LANES until `until` is done and enough was asked. */
async function askUntil({ baseUrl }: EnvoyProcess, until: Promise<unknown>): Promise<Outcome> {
  const outcome: Outcome = { asked: 0, lost: 0, wrong: [] };
  const load = { isOver: false };
  const over = until.finally(() => (load.isOver = true));
  const lane = async (): Promise<void> => {
    while (!load.isOver || outcome.asked < REQUESTS_MIN) {
      const isKnown = outcome.asked % 2 === 0;
      outcome.asked += 1;
      const status = await ask(baseUrl, isKnown ? WITH_KEY : WITHOUT_KEY).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 503 || status === 0) outcome.lost += 1;
      else if (status !== (isKnown ? 200 : 401)) outcome.wrong.push(`${isKnown} ${status}`);
      await pause(REST_MS);
    }
  };
  await Promise.all([over, ...Array.from({ length: LANES }, lane)]);
  return outcome;
}
