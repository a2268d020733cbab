import { describe, expect, test } from 'vitest';
import { partTitle, requirePart } from '../parts.ts';
import { AUTHZ } from './authz-cluster.ts';
import { DRAIN_HOST, DRAIN_KEY, DRAIN_TARGET, prepareDrains, restartInTurn } from './drain-world.ts';
import { readStat } from './envoy.ts';
import { askMany, withPatience } from './wire-load.ts';

const part = await requirePart('envoy');
const binary = 'found' in part ? part.found : '';

const REQUESTS = 50_000;
/** Clients, Envoy and two servers, of which one starts, share the machine. */
const CLIENTS = 8;
const RESTARTS = Number(process.env['DRAIN_RESTARTS'] ?? 10);
/** A machine that needs more of them for so many requests is too slow to try anything. */
const RESTARTS_MAX = 50;

const QUESTIONS = [
  { path: DRAIN_TARGET, headers: { host: DRAIN_HOST, authorization: `Bearer ${DRAIN_KEY}` }, status: 200 },
  { path: DRAIN_TARGET, headers: { host: DRAIN_HOST }, status: 401 },
];

describe.skipIf('missing' in part)(
  partTitle('rolling restarts of two servers behind a real Envoy', part),
  () => {
    const begin = prepareDrains(binary);

    test(`fifty thousand requests over ${RESTARTS} restarts meet not one error`, async () => {
      const { servers, envoy } = await begin({ names: ['a', 'b'], change: withPatience });
      const load = { asked: 0, isOver: false };
      // Restarts go on as long as requests do, and those until there were enough of both.
      const restarting = restartInTurn(envoy, servers, (turn) => {
        if (turn >= RESTARTS && load.asked >= REQUESTS) load.isOver = true;
        return !load.isOver && turn < RESTARTS_MAX;
      }).finally(() => (load.isOver = true));
      const asking = askMany(envoy.baseUrl, {
        questions: QUESTIONS,
        clients: CLIENTS,
        goesOn(asked) {
          load.asked = asked;
          return !load.isOver;
        },
      }).finally(() => (load.isOver = true));
      const [restarts, answers] = await Promise.all([restarting, asking]);
      const [retried, errors] = await Promise.all([
        readStat(envoy.adminUrl, `cluster.${AUTHZ}.upstream_rq_retry`),
        readStat(envoy.adminUrl, 'http.ingress.ext_authz.error'),
      ]);
      process.stdout.write(
        `${restarts} restarts under ${load.asked} requests: ${retried} checks asked again, ${errors} errors\n`,
      );
      expect(Object.fromEntries(answers)).toEqual({ 200: expect.any(Number), 401: expect.any(Number) });
      expect(errors).toBe(0);
      expect(restarts).toBeGreaterThanOrEqual(RESTARTS);
      expect(load.asked).toBeGreaterThanOrEqual(REQUESTS);
    });
  },
);
