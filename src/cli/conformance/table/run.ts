import type { Difference, PlacedDifference } from '../difference.ts';
import type { Client, SeenAnswer } from '../client/client.ts';
import { toNoAnswer } from '../trial.ts';
import { changeWorld, createCaseWorld, find, findWord } from './case-world.ts';
import type { CaseWorld, WorldMeans } from './case-world.ts';
import { compare } from './compare.ts';
import { findAnswer, fromSeen, settleRanges, toJudged } from './expectation.ts';
import type { LoadedCase } from './load.ts';
import { withNames } from './names.ts';
import { sentRequestId, toRequest } from './request.ts';
import type { AnswerOrName, RequestStep, Step } from './schema.ts';
import type { TrackedExceptions } from './tracked-exceptions.ts';

/** How the requests of a run get to Tollgate. */
export interface Way extends WorldMeans {
  readonly name: 'in process' | 'a gateway';
  /** What the gateway does otherwise than the table says; absent in process. */
  readonly exceptions?: TrackedExceptions;
  readonly client: Client;
}

/**
 * Makes the case's world and takes its steps in order, up to the first whose answer is not to the byte what the case says.
 * Resolves to how it differs, and to the exceptions that were not needed until then.
 */
export async function runCase(loaded: LoadedCase, way: Way): Promise<readonly PlacedDifference[]> {
  const world = await createCaseWorld(loaded, way);
  const found: PlacedDifference[] = [];
  for (const [at, step] of loaded.steps.entries()) {
    const differences = await takeStep({ step, loaded, world, way });
    found.push(...differences.map((difference) => ({ ...difference, at: `step ${at + 1}` })));
    if (differences.some(({ kind }) => kind !== 'exception not needed')) break;
  }
  return found;
}

interface Taking<S = Step> {
  readonly step: S;
  readonly loaded: LoadedCase;
  readonly world: CaseWorld;
  readonly way: Way;
}

async function takeStep(taking: Taking): Promise<readonly Difference[]> {
  const { step, world } = taking;
  if ('answer' in step) return takeRequest({ ...taking, step }).catch(toNoAnswer);
  if ('account_has' in step) return judgeBalance(step.account_has, world);
  await changeWorld(step, world);
  return [];
}

type BalanceText = Extract<Step, { account_has: unknown }>['account_has'];

async function judgeBalance(text: BalanceText, world: CaseWorld): Promise<readonly Difference[]> {
  const { account, ...promised } = text;
  const { credits } = await world.operations.showAccount(find(world.accounts, account));
  const seen = { ...promised, remaining: credits.remaining };
  if (promised.purchased !== undefined) seen.purchased = credits.purchased;
  const [wanted, had] = [JSON.stringify(promised), JSON.stringify(seen)];
  return wanted === had ? [] : [{ kind: 'balance', promised: wanted, seen: had }];
}

async function takeRequest(taking: Taking<RequestStep>): Promise<readonly Difference[]> {
  const { step, way, loaded, world } = taking;
  const request = toRequest(step, loaded, world);
  const other = way.exceptions?.find(loaded, step);
  if (other !== undefined && 'answers' in other) {
    const seen = await way.client.ask(request);
    return settle(judgeGatewaysOwn(seen, other.answers), () => judge(seen, step.answer, taking), taking);
  }
  const { status } = findAnswer(other?.answer ?? step.answer, loaded.file);
  for (let sent = 1; sent < (step.times ?? 1); sent += 1) {
    const { status: seen, body } = await way.client.ask(request);
    if (seen !== status) return [{ kind: 'status', promised: status ?? 0, status: seen, seen: body }];
  }
  const seen = await way.client.ask(request);
  const differences = judge(seen, other?.answer ?? step.answer, taking);
  return other === undefined
    ? differences
    : settle(differences, () => judge(seen, step.answer, taking), taking);
}

function settle(
  differences: readonly Difference[],
  byTable: () => readonly Difference[],
  { loaded, way }: Taking<RequestStep>,
): readonly Difference[] {
  return way.exceptions?.settle(loaded.title, differences, byTable) ?? differences;
}

function judge(
  seen: SeenAnswer,
  answer: AnswerOrName,
  { step, loaded, world, way }: Taking<RequestStep>,
): readonly Difference[] {
  // Behind a gateway the request's own id is the one that the gateway gave it.
  const own = step.request_id === 'sent' && way.name === 'in process';
  const requestId = own ? sentRequestId(step) : seen.requestId;
  const names = withNames(loaded.file.names);
  const judged = fromSeen(seen, names);
  const promised = settleRanges(
    toJudged(findAnswer(answer, loaded.file), (word) =>
      word === 'request_id' ? requestId : findWord(word, loaded, world),
    ),
    judged,
  );
  const differences = compare(promised, judged, names);
  const method = step.send?.method ?? loaded.file.request.method;
  return way.exceptions?.forgive(differences, { status: promised.status, method }) ?? differences;
}

const OURS = /^(?:www-authenticate|cache-control: no-store|retry-after|x-ratelimit|ratelimit)/;

/** The gateway answered without asking: nothing of ours is on the answer, and the request went no further. */
function judgeGatewaysOwn(seen: SeenAnswer, status: number): readonly Difference[] {
  const headers = seen.headers.filter((line) => OURS.test(line));
  const judged = { status: seen.status, headers, body: '', upstream: seen.upstream };
  return compare({ status, headers: [], body: '', upstream: undefined }, judged);
}
