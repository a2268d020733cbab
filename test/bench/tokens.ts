import { createLocalJWKSet, jwtVerify } from 'jose';
import { createService } from '../../src/edge/answer.ts';
import { createMemoryCounters } from '../../src/edge/counters/memory.ts';
import { createDirectory } from '../../src/edge/directory/packed.ts';
import { createRepeats } from '../../src/edge/repeats/memory.ts';
import { createTokenVerifier } from '../../src/edge/tokens/verifier.ts';
import { REMEMBERED_BYTES_EACH, REMEMBERED_TOKENS_MAX } from '../../src/edge/tokens/verifier.ts';
import { createClock } from '../../src/lib/clock.ts';
import { createKeyHasher } from '../../src/lib/key-digest.ts';
import { DependencyDown } from '../../src/ports.ts';
import type { AuthzRequest } from '../../src/domain/request.ts';
import type { TokenKeys } from '../../src/ports.ts';
import { shown, spreadOf, tableOf } from './measure.ts';
import {
  idOf,
  issuerToken,
  KEY_SET,
  keySignedToken,
  sessionsOf,
  sessionToken,
  tokenPolicy,
} from './token-world.ts';
import { createKeys, feedOf, PEPPERS, requestOf } from './world.ts';

const KEYS = 1_000;
/** Tokens of each kind that are seen again and again. */
const TOKENS = 200;
const DECISIONS = 50_000;
const RUNS = 5;
const FIRST = 5_000;
/** Forged tokens, then decisions by API key, so many times. */
const ROUNDS = 300;
const FORGED = 20;
const BETWEEN = 100;

function createTokenService() {
  const policy = tokenPolicy();
  const hasher = createKeyHasher(PEPPERS);
  const keyAt = createKeys();
  const clock = createClock();
  const directory = createDirectory({ apis: policy.apis, hasher });
  for (const batch of feedOf({ keys: keyAt, count: KEYS, hasher })) directory.apply(batch);
  const mine = Array.from({ length: TOKENS }, (_, index) => ({
    key: keyAt(index),
    keyId: idOf(keyAt(index), hasher),
  }));
  for (const batch of sessionsOf(
    mine.map(({ key }) => key),
    hasher,
    Date.now(),
  ))
    directory.apply(batch);
  const secretOf = new Map(mine.map(({ key, keyId }) => [keyId, Buffer.from(key)]));
  const keys: TokenKeys = {
    findSigners(_api, by) {
      const secret = 'keyId' in by ? secretOf.get(by.keyId) : undefined;
      return secret === undefined || !('keyId' in by) ? [] : [{ keyId: by.keyId, secret }];
    },
    findSessionKey: (api, kid) => directory.findSessionKey(api, kid),
  };
  const create = () => createTokenVerifier({ apis: policy.apis, keys, clock, onNote: () => undefined });
  let allowed = 0;
  const service = createService(policy, {
    budgetMs: 120,
    clock,
    directory,
    subjects: directory,
    tokens: create(),
    counters: createMemoryCounters(),
    credits: { charge: () => Promise.reject(new DependencyDown('credits', 'nothing costs credits here')) },
    repeats: createRepeats(),
    onCharged: () => undefined,
    newRequestId: () => '00000000-0000-4000-8000-000000000000',
    observe: (decision) => (allowed += decision.kind === 'allow' ? 1 : 0),
    onBug: (error) => {
      throw error;
    },
  });
  return { policy, clock, service, mine, create, allowed: () => allowed };
}

type World = ReturnType<typeof createTokenService>;

/** CPU of one decision whose credential is one of these, each seen before. */
function measureDecisions({ service, allowed }: World, credentials: readonly string[]): readonly number[] {
  const requests = credentials.map(requestOf);
  const decide = (count: number): void => {
    for (let index = 0; index < count; index += 1)
      void service.answer(requests[index % requests.length] ?? NOTHING);
  };
  decide(DECISIONS);
  const before = allowed();
  const cpuMicros = Array.from({ length: RUNS }, () => cpuMicrosOf(() => decide(DECISIONS)) / DECISIONS);
  if (allowed() - before !== RUNS * DECISIONS) throw new Error('not all checks of the bench were allowed');
  return cpuMicros;
}

const NOTHING: AuthzRequest = requestOf('');

function cpuMicrosOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Decisions by key and by tokens seen before, in the same process and API. */
function reportSeenBefore(world: World): string {
  const { mine } = world;
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ['API key', mine.map(({ key }) => key)],
    ["an issuer's token (Clerk, RS256)", mine.map((_, index) => issuerToken('RS256', index))],
    [
      'a token signed with an API key',
      mine.map(({ keyId, key }, index) => keySignedToken(keyId, key, index)),
    ],
    ["a session's token", mine.map(({ keyId }, index) => sessionToken(keyId, index))],
  ];
  const measured = kinds.map(([name, credentials]) => ({
    name,
    characters: credentials[0]?.length ?? 0,
    ...spreadOf(measureDecisions(world, credentials)),
  }));
  const base = measured[0]?.median ?? Number.NaN;
  const rows = measured.map(({ name, characters, min, median }) => [
    name,
    `${characters}`,
    shown(min),
    shown(median),
    shown(median / base),
  ]);
  return tableOf(['credential', 'characters', 'CPU µs per decision (min)', '(median)', '× API key'], rows);
}

/** First verifications here and by jose, of as many distinct tokens. */
async function reportFirst({ policy, clock, mine, create }: World): Promise<string> {
  const { key = '', keyId = '' } = mine[0] ?? {};
  const tokensOf: Readonly<Record<string, () => string[]>> = {
    HS256: () => many((index) => keySignedToken(keyId, key, index)),
    ...Object.fromEntries(
      (['RS256', 'ES256', 'EdDSA'] as const).map((name) => [
        name,
        () => many((index) => issuerToken(name, index)),
      ]),
    ),
  };
  const rows: string[][] = [];
  for (const [name, make] of Object.entries(tokensOf)) {
    const tokens = make();
    const warm = create();
    for (const token of tokens.slice(0, 2_000)) void warm.verify(policy.api, token, clock.now());
    const verifier = create();
    const ours = cpuMicrosOf(() => {
      for (const token of tokens) {
        if (typeof verifier.verify(policy.api, token, clock.now()) === 'string')
          throw new Error(`${name} is refused`);
      }
    });
    const theirs = await measureJose(name, tokens, key);
    rows.push([name, shown(ours / FIRST), shown(theirs.alone / FIRST), shown(theirs.together / FIRST)]);
  }
  return tableOf(['algorithm', 'CPU µs here', 'jose, one after another', 'jose, 32 at once'], rows);
}

function many(make: (index: number) => string): string[] {
  return Array.from({ length: FIRST }, (_, index) => make(index));
}

async function measureJose(name: string, tokens: readonly string[], secret: string) {
  const set = createLocalJWKSet(KEY_SET);
  const hmac = await crypto.subtle.importKey(
    'raw',
    Buffer.from(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  );
  const verify = (token: string): Promise<unknown> =>
    name === 'HS256'
      ? jwtVerify(token, hmac, { algorithms: ['HS256'] })
      : jwtVerify(token, set, { algorithms: [name] });
  await verify(tokens[0] ?? '');
  const measure = async (at: number): Promise<number> => {
    const before = process.cpuUsage();
    for (let index = 0; index < tokens.length; index += at)
      await Promise.all(tokens.slice(index, index + at).map(verify));
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  return { alone: await measure(1), together: await measure(32) };
}

/** Time of API-key decisions, alone and between forged tokens, and of this thread for a forged token. CPU clocks are too coarse for so little at a time. */
async function reportFlood(world: World): Promise<string> {
  const requests = world.mine.slice(0, BETWEEN).map(({ key }) => requestOf(key));
  const wrong = Buffer.alloc(64, 7);
  const floods: readonly (readonly [string, ((index: number) => string) | undefined])[] = [
    ['nothing', undefined],
    ['not a token', (index) => `a${index}.b.c`],
    ['expired', (index) => issuerToken('ES256', index, () => wrong).replace(/\.[^.]*\./, `.${EXPIRED}.`)],
    ['wrong signature, ES256', (index) => issuerToken('ES256', index, () => wrong)],
    ['wrong signature, EdDSA', (index) => issuerToken('EdDSA', index, () => wrong)],
  ];
  const rows: string[][] = [];
  for (const [name, make] of floods) {
    const perKey: number[] = [];
    const perForged: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const at = round * FORGED;
      const forged =
        make === undefined ? [] : Array.from({ length: FORGED }, (_, index) => requestOf(make(at + index)));
      const answers: unknown[] = [];
      perForged.push(microsOf(() => answerAll(world, forged, answers)) / FORGED);
      await Promise.all(answers);
      perKey.push(microsOf(() => answerAll(world, requests, [])) / BETWEEN);
    }
    const forgedMicros = make === undefined ? '–' : shown(spreadOf(perForged).median);
    rows.push([name, shown(spreadOf(perKey).median), forgedMicros]);
  }
  const titles = [
    'forged tokens between',
    'µs per API-key decision',
    "µs of the edge's thread per forged token",
  ];
  return tableOf(titles, rows);
}

function answerAll({ service }: World, requests: readonly AuthzRequest[], answers: unknown[]): void {
  for (const request of requests) answers.push(service.answer(request));
}

function microsOf(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) * 1_000;
}

const EXPIRED = Buffer.from(JSON.stringify({ iss: 'https://issuer.bench.example', iat: 1, exp: 2 })).toString(
  'base64url',
);

/** What remembering costs: all of its place is taken at the start, so a token's share is what there is for each. */
function reportMemory(): string {
  const cells = 2 * REMEMBERED_TOKENS_MAX * 4;
  return `Remembered: at most ${REMEMBERED_TOKENS_MAX.toLocaleString('en')} tokens in ${(REMEMBERED_BYTES_EACH * REMEMBERED_TOKENS_MAX) / 2 ** 20} MiB and an index of ${cells / 2 ** 20} MiB, all set aside at the start: ${REMEMBERED_BYTES_EACH + cells / REMEMBERED_TOKENS_MAX} bytes a token.`;
}

/** What tokens cost beside API keys. */
export async function benchTokens(): Promise<string> {
  const world = createTokenService();
  return `Decisions with tokens seen before:

${reportSeenBefore(world)}

The first verification of a token, beside jose's jwtVerify:

${await reportFirst(world)}

Distinct forged tokens between decisions by API key:

${await reportFlood(world)}

${reportMemory()}`;
}
