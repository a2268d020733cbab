import type { ExceptionText, ExceptionsText } from './exceptions.ts';
import { findAnswer } from './expectation.ts';
import type { LoadedCase } from './load.ts';
import type { AnswerOrName } from './schema.ts';
import { findUnknownWord } from './words.ts';

/** Of what exceptions may speak: cases, and the titles of everything else that is tried. */
export interface Known {
  readonly cases: readonly LoadedCase[];
  readonly attacks: readonly string[];
  readonly outages: readonly string[];
}

/** What of one file's exceptions could never have an effect, in a sentence each: names of nothing, and what holds for no trial of its kind. */
export function findFaults({ exceptions }: ExceptionsText, known: Known): readonly string[] {
  const seen = new Map<string, (number | undefined)[]>();
  return exceptions.flatMap((entry) =>
    entry.cases.flatMap((title) => {
      const steps = seen.get(title) ?? [];
      const isTwice = steps.some(
        (other) => other === undefined || entry.step === undefined || other === entry.step,
      );
      seen.set(title, [...steps, entry.step]);
      const fault = isTwice
        ? 'is declared twice: the first would hold alone'
        : findFault(entry, title, known);
      return fault === undefined ? [] : [`"${title}" ${fault}`];
    }),
  );
}

function findFault(entry: ExceptionText, title: string, known: Known): string | undefined {
  const loaded = known.cases.find((each) => each.title === title);
  if (loaded !== undefined) return findFaultOfCase(entry, loaded);
  const isOutage = known.outages.includes(title);
  if (!isOutage && !known.attacks.includes(title)) return 'names no case, no attack and no outage';
  if (entry.step !== undefined) return `has no steps, and so no step ${entry.step}`;
  if (entry.left_out === true || (isOutage && entry.answers !== undefined)) return undefined;
  return isOutage
    ? 'is an outage, of which an exception says answers or left_out'
    : 'is an attack, of which an exception says left_out alone';
}

function findFaultOfCase(entry: ExceptionText, loaded: LoadedCase): string | undefined {
  const { step: number, answer } = entry;
  if (loaded.text.in_process_only !== undefined) return 'is sent through no gateway';
  if (number !== undefined && entry.left_out === true) return 'is left out as a whole, and not at a step';
  if (number !== undefined) {
    const step = loaded.steps[number - 1];
    if (step === undefined) return `has no step ${number}: it ends with step ${loaded.steps.length}`;
    if (!('answer' in step)) return `sends no request in step ${number}`;
  }
  return answer === undefined ? undefined : findFaultOfAnswer(answer, loaded);
}

function findFaultOfAnswer(answer: AnswerOrName, loaded: LoadedCase): string | undefined {
  const { file } = loaded;
  const name = typeof answer === 'string' ? answer : answer.like;
  if (name !== undefined && !Object.hasOwn(file.answers, name)) return `has no answer named ${name}`;
  if (findAnswer(answer, file).status === undefined) return 'is given an answer without a status';
  const word = findUnknownWord(JSON.stringify(answer), (each) => isWord(each, loaded));
  return word === undefined ? undefined : `knows nothing called ${word}`;
}

const WORDS = new Set(['request_id', 'ts']);

/** Whether a case can say what a word stands for, at one of its steps at least. */
function isWord(word: string, { file, text, steps }: LoadedCase): boolean {
  if (WORDS.has(word) || Object.hasOwn(file.words, word)) return true;
  if (word === 'unknown_key') return file.key_prefix !== undefined;
  const [kind = '', ref = ''] = word.split('.');
  const isAmong = (...named: readonly object[]): boolean => named.some((each) => Object.hasOwn(each, ref));
  switch (kind) {
    case 'key':
    case 'key_id':
      return (
        isAmong(file.keys, text.keys) || steps.some((step) => 'rotate' in step && step.rotate.as === ref)
      );
    case 'account':
      return isAmong(file.accounts, text.accounts);
    case 'token':
      return isAmong(file.tokens, text.tokens);
    case 'access':
    case 'refresh':
      return isAmong(text.sessions) || steps.some((step) => sessionOf(step) === ref);
    default:
      return false;
  }
}

function sessionOf(step: LoadedCase['steps'][number]): string | undefined {
  if ('exchange' in step) return step.exchange.as;
  return 'refresh' in step ? step.refresh.as : undefined;
}
