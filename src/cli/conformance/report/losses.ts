import type { Difference } from '../difference.ts';
import { findCure } from './cures.ts';
import type { Cure } from './cures.ts';
import { tell } from './sentences.ts';
import type { Lost, Severity, Told } from './sentences.ts';

/** One thing that a gateway loses, and where it was seen. */
export interface Loss {
  readonly severity: Severity;
  readonly what: string;
  /** Titles of the cases, attacks and outages that show it. */
  readonly cases: readonly string[];
  /** Of the first of them, what is promised and what was seen; absent where the sentence says it all. */
  readonly promised?: string;
  readonly seen?: string;
  readonly cure?: Cure;
}

/** What a trial ended with. */
export interface Outcome {
  readonly title: string;
  readonly differences: readonly Difference[];
}

export interface LossContext {
  readonly entrance: string;
  /** Replaces what must stand in no report. */
  readonly hide: (text: string) => string;
}

interface Gathering {
  readonly told: Told;
  readonly first: Lost;
  readonly subjects: Set<string>;
  readonly titles: Set<string>;
}

const ORDER: readonly Severity[] = ['let through', 'unsafe', 'mute'];
const SUBJECTS_SHOWN = 8;
const TEXT_CHARS_MAX = 300;

/** Everything that was lost, by what it is: the worst first, and then what most cases show. */
export function findLosses(outcomes: readonly Outcome[], context: LossContext): readonly Loss[] {
  const gathered = new Map<string, Gathering>();
  for (const { title, differences } of outcomes) {
    for (const lost of differences) {
      if (lost.kind !== 'exception not needed') gather(gathered, lost, title);
    }
  }
  return [...gathered.values()]
    .map((gathering) => toLoss(gathering, context))
    .toSorted(
      (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) || b.cases.length - a.cases.length,
    );
}

function gather(gathered: Map<string, Gathering>, lost: Lost, title: string): void {
  const told = tell(lost, title);
  const gathering = gathered.get(told.topic) ?? { told, first: lost, subjects: new Set(), titles: new Set() };
  gathered.set(told.topic, gathering);
  gathering.titles.add(title);
  if (told.subject !== undefined) gathering.subjects.add(told.subject);
}

function toLoss({ told, first, subjects, titles }: Gathering, context: LossContext): Loss {
  const cases = [...titles];
  const cure = findCure(first, context.entrance, cases[0] ?? '');
  return {
    severity: told.severity,
    what: told.sentence(toList([...subjects].toSorted())),
    cases,
    ...toExample(first, context),
    ...(cure === undefined ? {} : { cure }),
  };
}

function toList(subjects: readonly string[]): string {
  const shown = subjects.slice(0, SUBJECTS_SHOWN).join(', ');
  const more = subjects.length - SUBJECTS_SHOWN;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function toExample(lost: Lost, { hide }: LossContext): Pick<Loss, 'promised' | 'seen'> {
  const shown = (text: string): string => shorten(hide(text));
  switch (lost.kind) {
    case 'status':
      return { promised: String(lost.promised), seen: shown(`${lost.status} ${lost.seen}`.trim()) };
    case 'stopped':
      return { seen: shown(`${lost.status} ${lost.seen}`.trim()) };
    case 'no answer':
      return { seen: shown(lost.why) };
    case 'header missing':
    case 'header changed':
    case 'header added':
      return {
        promised: shown(lost.promised === '' ? '' : `${lost.name}: ${lost.promised}`),
        seen: shown(lost.seen === '' ? '' : `${lost.name}: ${lost.seen}`),
      };
    case 'body':
    case 'balance':
      return { promised: shown(lost.promised), seen: shown(lost.seen) };
    default:
      return {};
  }
}

/** On one line, and its beginning where it is long. */
function shorten(answer: string): string {
  const text = answer.replaceAll('\r', '\\r').replaceAll('\n', '\\n');
  return text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}…` : text;
}
