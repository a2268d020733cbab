import type { ImportedKey } from '../../domain/operations.ts';
import { ShapeError, listOf, record, text } from '../../lib/shape.ts';
import { withoutUndefined } from '../values.ts';

const WORDS_MAX = 1_000;
const words = listOf(text, WORDS_MAX);
const shape = record(
  { key: text, name: text },
  {
    account: text,
    tier: text,
    permissions: words,
    role: text,
    allow_ips: words,
    limits: words,
    expires_at: text,
  },
);

export interface ImportTarget {
  readonly api: string;
  /** For lines that name no account. */
  readonly account?: string;
}

/** One line of an import file, member names as in `keys show --json`. Throws `ShapeError`, which shows nothing of the line. */
export function fromImportLine(line: string, target: ImportTarget): ImportedKey {
  const given = shape(parse(line), 'the line');
  const account = given.account ?? target.account;
  if (account === undefined) throw new ShapeError('the line names no account, and --account was not given');
  return withoutUndefined<ImportedKey>({
    api: target.api,
    account,
    key: given.key,
    name: given.name,
    tier: given.tier,
    permissions: given.permissions,
    role: given.role,
    allowIps: given.allow_ips,
    limits: given.limits,
    expiresAt: given.expires_at,
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The parser's own message quotes the line, and with it the key.
    throw new ShapeError('the line is not JSON');
  }
}
