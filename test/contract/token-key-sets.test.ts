import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAY_MS, SECOND_MS } from '../../src/domain/time.ts';
import { createKeySetFetcher, FETCH_TIMEOUT_MS } from '../../src/edge/tokens/fetch-key-set.ts';
import { FETCH_INTERVAL_MIN_MS, REFRESH_MS } from '../../src/edge/tokens/remote-keys.ts';
import type { EdgeTokenVerifier } from '../../src/edge/tokens/verifier.ts';
import { createTestClock } from '../world.ts';
import { vary } from '../unit/edge/tokens/hostile.ts';
import { rsa, rsaOther, signerOf, toJwk, toSet } from '../unit/edge/tokens/keys.ts';
import { createTestTimers, settled } from '../unit/edge/tokens/timers.ts';
import { createTokenWorld, ISSUER, NOW_MS, remoteSource } from '../unit/edge/tokens/world.ts';

/*
 * The verifier with its own fetcher against a real server that misbehaves while checks go on:
 * no valid token is refused, no invalid one believed, no check waits, and no more is fetched than promised.
 */
const SET = toSet(toJwk(rsa, { kid: 'rsa' }));
const TURNS_MAX = 200_000;
const HEAD = { 'content-type': 'application/json' };
const EXP = NOW_MS / SECOND_MS + 40 * 3_600;

const MISBEHAVIOURS: Readonly<Record<string, RequestListener>> = {
  'fails with 500': (_, response) => response.writeHead(500, HEAD).end(SET),
  hangs: () => undefined,
  'hangs within its answer': (_, response) => response.writeHead(200, HEAD).write(SET.slice(0, 20)),
  'resets the connection': (request) => request.socket.resetAndDestroy(),
  'sends an empty set': (_, response) => response.writeHead(200, HEAD).end('{"keys":[]}'),
  'sends an empty body': (_, response) => response.writeHead(200, HEAD).end(),
  'sends half a set': (_, response) => response.writeHead(200, HEAD).end(SET.slice(0, SET.length / 2)),
  'sends 50 MB': (_, response) => response.writeHead(200, HEAD).end(Buffer.alloc(50_000_000, 0x20)),
  'sends to the metadata address': (_, response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end(),
  'sends a page of HTML': (_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sorry</h1>'),
  'sends the set as HTML': (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(SET),
  'sends a set of symmetric keys': (_, response) =>
    response
      .writeHead(200, HEAD)
      .end(toSet({ kty: 'oct', kid: 'rsa', k: Buffer.from('x'.repeat(32)).toString('base64url') })),
  'sends something else': (_, response) => response.writeHead(200, HEAD).end('{"error":"maintenance"}'),
};

describe('while the server of a key set misbehaves', () => {
  let behave: RequestListener = (_, response) => response.writeHead(200, HEAD).end(SET);
  let asked = 0;
  let url = '';
  const server = createServer((request, response) => {
    asked += 1;
    behave(request, response);
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  });

  async function createWorld() {
    behave = (_, response) => response.writeHead(200, HEAD).end(SET);
    asked = 0;
    const clock = createTestClock(NOW_MS);
    const timers = createTestTimers(clock);
    const rules = { ...ISSUER, lifetimeMaxMs: 3 * DAY_MS, keys: remoteSource(url, DAY_MS) };
    const fetchKeySet = createKeySetFetcher({ after: timers.after });
    const world = createTokenWorld({ tokens: { issuers: [rules] }, clock, after: timers.after, fetchKeySet });
    await world.verifier.start();
    return { ...world, timers };
  }

  test.each(Object.keys(MISBEHAVIOURS))('%s: checks go on as before', async (name) => {
    const { verifier, api, clock, timers } = await createWorld();
    const known = vary('issuer', { payload: { exp: EXP } });
    const judge = (token: string) => verifier.verify(api, token, clock.now(), 100);
    expect(judge(known)).toMatchObject({ kind: 'issuer' });
    behave = MISBEHAVIOURS[name] ?? behave;
    for (let round = 1; round <= 3; round += 1) {
      await timers.advance(round === 1 ? REFRESH_MS : FETCH_INTERVAL_MIN_MS);
      await until(() => asked === 1 + round);
      const fresh = vary('issuer', { payload: { exp: EXP, jti: `${round}` } });
      const forged = vary('issuer', {
        payload: { exp: EXP, jti: `${round}` },
        sign: signerOf(rsaOther, 'RS256'),
      });
      // Values, not promises: nobody waits, though a fetch is under way.
      expect(judge(known)).toMatchObject({ kind: 'issuer' });
      expect(judge(fresh)).toMatchObject({ kind: 'issuer' });
      expect(judge(forged)).toBe('token_signature');
      if (name.startsWith('hangs')) await timers.advance(FETCH_TIMEOUT_MS);
      await until(() => outcomesOf(verifier).some((outcome) => outcome !== 'ok'));
    }
    expect(asked).toBe(4);
    behave = (_, response) => response.writeHead(200, HEAD).end(toSet(toJwk(rsaOther, { kid: 'rsa-2' })));
    await timers.advance(FETCH_INTERVAL_MIN_MS);
    await until(() => outcomesOf(verifier).includes('ok'));
    expect(judge(known)).toBe('token_key');
    verifier.close();
  });
});

/** Lets the server and the fetch go on, for a bounded number of turns. */
async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    if (done()) return;
    await settled();
  }
  throw new Error('it did not come to that');
}

/** What came of the fetches since the last call. */
function outcomesOf(verifier: EdgeTokenVerifier): readonly string[] {
  const ended = verifier.measure().increments.filter(({ by }) => by > 0);
  return ended.flatMap(({ labels }) => ('outcome' in labels ? [labels.outcome] : []));
}
