import type { Difference } from '../difference.ts';
import { isGrpc, isOutage } from '../titles.ts';

/** How bad a loss is: somebody gets in, or passes for another; or clients and the application do not get what is promised. */
export type Severity = 'let through' | 'unsafe' | 'mute';

/** Which loss a difference belongs to, and how that is told. */
export interface Told {
  readonly severity: Severity;
  /** Differences of one topic are one loss. */
  readonly topic: string;
  /** What the difference is about, where its topic has several: names of headers. */
  readonly subject?: string;
  /** The loss in a sentence, for all subjects that were seen. */
  readonly sentence: (subjects: string) => string;
}

export type Lost = Exclude<Difference, { kind: 'exception not needed' }>;
type Tellers = { readonly [K in Lost['kind']]: (lost: Extract<Lost, { kind: K }>, title: string) => Told };

const TELLERS: Tellers = {
  'let through': (_, title) =>
    alone(
      'let through',
      isOutage(title)
        ? 'requests are let through while Tollgate does not decide'
        : 'requests that must be refused are let through',
    ),
  'credential upstream': ({ name }) =>
    isPlain(name)
      ? about('unsafe', name, 'credential', (names) => `credentials reach the application: ${names}`)
      : about(
          'unsafe',
          name,
          'odd credential',
          (names) => `credentials under odd names reach the application: ${names}`,
        ),
  'forged upstream': ({ name }) =>
    isPlain(name)
      ? about('unsafe', name, 'forged', (names) => `forged identities reach the application: ${names}`)
      : about(
          'unsafe',
          name,
          'odd forged',
          (names) => `forged identities under odd names reach the application: ${names}`,
        ),
  'misleading upstream': ({ name }) =>
    about('unsafe', name, 'misleading', (names) => `a client's own words reach the application: ${names}`),
  'identity lost': ({ name }) =>
    about('mute', name, 'identity', (names) => `the application does not get the identity: ${names}`),
  'header missing': ({ name, status }) => header(name, status, 'missing on'),
  'header changed': ({ name, status }) => header(name, status, 'changed on'),
  'header added': ({ name, status }) => header(name, status, 'added to'),
  stopped: ({ status }) =>
    alone(
      'mute',
      status < 300
        ? `requests that must pass are answered ${status} by somebody else than the application`
        : `requests that must pass are answered ${status}`,
    ),
  status: ({ promised, status }) =>
    about(
      'mute',
      String(promised),
      `status ${status}`,
      (others) => `answers become a ${status} that must be another: ${others}`,
    ),
  body: ({ status, seen }) => {
    const how = seen === '' ? 'lost' : 'replaced';
    return about('mute', String(status), `body ${how}`, (statuses) => `the body is ${how} on a: ${statuses}`);
  },
  balance: () => alone('unsafe', 'an account pays another price than the promised one'),
  'no answer': (_, title) =>
    alone('mute', isGrpc(title) ? 'gRPC clients get no answer that is one' : 'no whole answer comes'),
  'never asked again': () =>
    alone('mute', 'once Tollgate was away the gateway refuses by itself and does not ask again'),
  attack: ({ what }) => alone('unsafe', what),
};

export function tell(lost: Lost, title: string): Told {
  // The table has the teller of each kind, which the compiler cannot see through a look-up.
  const teller = TELLERS[lost.kind] as (lost: Lost, title: string) => Told;
  return teller(lost, title);
}

function alone(severity: Severity, sentence: string): Told {
  return { severity, topic: sentence, sentence: () => sentence };
}

function about(
  severity: Severity,
  subject: string,
  topic: string,
  sentence: (subjects: string) => string,
): Told {
  return { severity, topic, subject, sentence };
}

function header(name: string, status: number, how: string): Told {
  const group = toGroup(status);
  return about('mute', name, `${how} ${group}`, (names) => `headers are ${how} ${group}: ${names}`);
}

/** What a gateway does to a header it does to all refusals, or to all answers that pass. */
function toGroup(status: number): string {
  if (status < 400) return 'answers that pass';
  return status === 429 ? 'a 429' : 'refusals';
}

/** Written as everybody writes it: letters, digits and dashes. */
function isPlain(name: string): boolean {
  return /^[a-z0-9-]+$/.test(name);
}
