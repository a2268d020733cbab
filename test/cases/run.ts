import { expect } from 'vitest';
import type { Operations } from '../../src/domain/operations.ts';
import type { TestClock } from '../world.ts';
import { changeWorld, createCaseWorld, find, findWord } from './case-world.ts';
import type { CaseWorld } from './case-world.ts';
import type { Client, SeenAnswer, SentRequest } from './client.ts';
import { findAnswer, fromSeen, settleRanges, toJudged } from './expectation.ts';
import type { LoadedCase } from './load.ts';
import type { AnswerText, RequestStep, Step } from './schema.ts';
import { fill } from './words.ts';

/** How the requests of a run get to Tollgate. */
export interface Way {
  readonly name: 'in process' | 'envoy';
  readonly client: Client;
  readonly operations: Operations;
  readonly clock: TestClock;
}

/** Makes the case's world, takes its steps in order, and fails at the first answer that is not to the byte what the case says. */
export async function runCase(loaded: LoadedCase, way: Way): Promise<void> {
  const world = await createCaseWorld(loaded, way.operations, way.clock);
  for (const [at, step] of loaded.steps.entries()) {
    await takeStep({ step, label: `step ${at + 1}`, loaded, world, way });
  }
}

interface Taking {
  readonly step: Step;
  readonly label: string;
  readonly loaded: LoadedCase;
  readonly world: CaseWorld;
  readonly way: Way;
}

async function takeStep(taking: Taking): Promise<void> {
  const { step, world, label } = taking;
  if ('answer' in step) return takeRequest(step, taking);
  if (!('account_has' in step)) return changeWorld(step, world);
  const { account, ...expected } = step.account_has;
  const { credits } = await world.operations.showAccount(find(world.accounts, account));
  expect(credits, label).toMatchObject(expected);
}

async function takeRequest(step: RequestStep, taking: Taking): Promise<void> {
  const { way, label, loaded } = taking;
  const request = toRequest(step, taking);
  const envoys = way.name === 'envoy' ? step.envoy : undefined;
  if (envoys !== undefined && 'answers' in envoys) {
    return judgeEnvoysOwn(await way.client.ask(request), envoys.answers, label);
  }
  const answer = findAnswer(envoys?.answer ?? step.answer, loaded.file);
  for (let sent = 1; sent < (step.times ?? 1); sent += 1) {
    const { status } = await way.client.ask(request);
    expect(status, `${label}, request ${sent}`).toBe(answer.status);
  }
  judge(await way.client.ask(request), answer, { ...taking, step });
}

function judge(seen: SeenAnswer, answer: AnswerText, taking: Taking & { readonly step: RequestStep }): void {
  const { step, loaded, world, label, way } = taking;
  // Behind a gateway the request's own id is the one that the gateway gave it.
  const own = step.request_id === 'sent' && way.name === 'in process';
  const requestId = own ? sentRequestId(step) : seen.requestId;
  const findIn = (word: string) => (word === 'request_id' ? requestId : findWord(word, loaded, world));
  const judged = fromSeen(seen);
  expect(judged, label).toEqual(settleRanges(toJudged(answer, findIn), judged));
}

/** Envoy answered without asking: nothing of ours is on the answer, and the request went no further. */
function judgeEnvoysOwn(seen: SeenAnswer, status: number, label: string): void {
  const { status: seenStatus, headers, upstream } = seen;
  expect({ status: seenStatus, headers: headers.filter(isOurs), upstream }, label).toEqual({
    status,
    headers: [],
    upstream: undefined,
  });
}

function isOurs(line: string): boolean {
  return /^(?:www-authenticate|cache-control|retry-after|x-ratelimit|ratelimit)/.test(line);
}

function sentRequestId(step: RequestStep): string {
  const sent = [...(step.send?.headers ?? []), ...(step.send?.and ?? [])];
  const found = sent.find(([name]) => name.toLowerCase() === 'x-request-id');
  if (found === undefined) throw new Error('the request sends no x-request-id');
  return found[1];
}

function toRequest(step: RequestStep, { loaded, world }: Taking): SentRequest {
  const { send = {} } = step;
  const defaults = loaded.file.request;
  const findIn = (word: string) => findWord(word, loaded, world);
  const headers = [...(send.headers ?? defaults.headers), ...(send.and ?? [])];
  return {
    method: send.method ?? defaults.method,
    host: send.host ?? defaults.host,
    path: fill(send.path ?? defaults.path, findIn),
    headers: headers.map(([name, value]) => [name, fill(value, findIn)]),
    peer: send.peer ?? '127.0.0.1',
    namedApi: send.named_api ?? loaded.file.api,
    protocol: send.grpc === true ? 'grpc' : 'http',
    attempt: step.repeat === true ? 'repeat' : 'first',
  };
}
