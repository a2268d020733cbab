import { pino } from 'pino';
import { REDACTED, isSecretName, redactText } from './redact.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/**
 * ERROR: someone must act now. WARN: it healed. INFO: a life-cycle event. DEBUG: for whoever develops.
 * Each entry is one line of JSON without control characters. What looks like a credential is left out, long texts are cut.
 */
export interface Log {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

export interface LogOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  /** Receives whole lines, each with its newline. */
  readonly write: (line: string) => void;
  /** Milliseconds since the Unix epoch; default: the system's clock. */
  readonly wallMs?: () => number;
}

export const FIELDS_MAX = 32;
export const FIELD_CHARACTERS_MAX = 2_048;
const NAME_CHARACTERS_MAX = 64;

/** Members that every line has of its own; a field of the same name would make two of it. */
const OWN_MEMBERS: ReadonlySet<string> = new Set(['level', 'time', 'msg']);
/** JSON leaves these as they are, and some terminals obey them. */
const LEFT_ACTIVE = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

export function createLog(options: LogOptions): Log {
  const wallMs = options.wallMs ?? Date.now;
  const sink = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date(wallMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => options.write(line.replace(LEFT_ACTIVE, toEscape)) },
  );
  const writer =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (sink.isLevelEnabled(level)) sink[level](toSafeFields(fields), toSafeText(message));
    };
  return { error: writer('error'), warn: writer('warn'), info: writer('info'), debug: writer('debug') };
}

/** What may be said of anything thrown. */
export function toErrorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: String(error) };
  return { error: `${error.name}: ${error.message}`, stack: error.stack ?? '' };
}

function toSafeFields(fields: LogFields): LogFields {
  const entries = Object.entries(fields).slice(0, FIELDS_MAX);
  return Object.fromEntries(entries.map(([name, value]) => [toSafeName(name), toSafeValue(name, value)]));
}

function toSafeName(name: string): string {
  const short = name.slice(0, NAME_CHARACTERS_MAX);
  return OWN_MEMBERS.has(short) ? `${short}_` : short;
}

function toSafeValue(name: string, value: LogFields[string]): LogFields[string] {
  if (isSecretName(name)) return REDACTED;
  return typeof value === 'string' ? toSafeText(value) : value;
}

/** Cut before it is searched: the patterns then run over a bounded text. */
function toSafeText(text: string): string {
  if (text.length <= FIELD_CHARACTERS_MAX) return redactText(text);
  return `${redactText(text.slice(0, FIELD_CHARACTERS_MAX))}…`;
}

function toEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
