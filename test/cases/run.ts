import { expect } from 'vitest';
import { changeWorld, createCaseWorld, find, findWord } from './case-world.ts';
import type { CaseWorld, WorldMeans } from './case-world.ts';
import type { Client, SeenAnswer, SentRequest } from './client.ts';
import { findAnswer, fromSeen, settleRanges, toJudged } from './expectation.ts';
import type { Judged } from './expectation.ts';
import type { GatewayExceptions } from './exceptions.ts';
import type { LoadedCase } from './load.ts';
import type { AnswerText, RequestStep, Step } from './schema.ts';
import { fill } from './words.ts';

/** How the requests of a run get to Tollgate. */
export interface Way extends WorldMeans {
  readonly name: 'in process' | 'a gateway';
  /** What the gateway does otherwise than the table says; absent in process. */
  readonly exceptions?: GatewayExceptions;
  readonly client: Client;
}

/** Makes the case's world, takes its steps in order, and fails at the first answer that is not to the byte what the case says. */
export async function runCase(loaded: LoadedCase, way: Way): Promise<void> {
  const world = await createCaseWorld(loaded, way);
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
  const other = way.exceptions?.find(loaded, step);
  if (other !== undefined && 'answers' in other) {
    return judgeGatewaysOwn(await way.client.ask(request), other.answers, label);
  }
  const answer = findAnswer(other?.answer ?? step.answer, loaded.file);
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
  const whole = toJudged(answer, findIn);
  const method = step.send?.method ?? loaded.file.request.method;
  const lost = way.exceptions?.lost(whole.status, method) ?? NOTHING_LOST;
  const kept = ({ headers, ...rest }: Judged): Judged => ({
    ...rest,
    headers: headers.filter((line) => !lost.has(line.slice(0, line.indexOf(':')))),
  });
  expect(kept(judged), label).toEqual(settleRanges(kept(whole), kept(judged)));
}

const NOTHING_LOST: ReadonlySet<string> = new Set();

/** The gateway answered without asking: nothing of ours is on the answer, and the request went no further. */
function judgeGatewaysOwn(seen: SeenAnswer, status: number, label: string): void {
  const { status: seenStatus, headers, upstream } = seen;
  expect({ status: seenStatus, headers: headers.filter(isOurs), upstream }, label).toEqual({
    status,
    headers: [],
    upstream: undefined,
  });
}

function isOurs(line: string): boolean {
  return /^(?:www-authenticate|cache-control: no-store|retry-after|x-ratelimit|ratelimit)/.test(line);
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
