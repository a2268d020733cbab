import { APPLICATION_BODY } from '../client/upstream.ts';
import type { Difference } from '../difference.ts';
import type { Judged } from './expectation.ts';
import { USUAL_NAMES, isCredentialName } from './names.ts';
import type { WatchedNames } from './names.ts';

/** How an answer is not what was promised: none where it is, to the byte. */
export function compare(promised: Judged, seen: Judged, names = USUAL_NAMES): readonly Difference[] {
  const passed = seen.upstream !== undefined || seen.body === APPLICATION_BODY;
  if (passed && promised.upstream === undefined) return [{ kind: 'let through' }];
  const { status } = seen;
  if (seen.upstream === undefined && promised.upstream !== undefined) {
    return [{ kind: 'stopped', status, seen: seen.body }];
  }
  const upstream = compareUpstream(promised.upstream ?? [], seen.upstream ?? [], names);
  // Another status brings another body and other headers with it: told one by one they would hide what happened.
  if (status !== promised.status) {
    return [...upstream, { kind: 'status', promised: promised.status, status, seen: seen.body }];
  }
  return [...upstream, ...compareBodies(promised, seen), ...compareHeaders(promised, seen)];
}

function compareBodies(promised: Judged, seen: Judged): readonly Difference[] {
  if (promised.body === seen.body) return [];
  return [{ kind: 'body', status: promised.status, promised: promised.body, seen: seen.body }];
}

function compareHeaders(promised: Judged, seen: Judged): readonly Difference[] {
  const { status } = promised;
  const missing = without(promised.headers, seen.headers).map(toPair);
  const added = without(seen.headers, promised.headers).map(toPair);
  const differences = missing.map(({ name, value }): Difference => {
    const at = added.findIndex((other) => other.name === name);
    const [other] = at < 0 ? [] : added.splice(at, 1);
    const kind = other === undefined ? 'header missing' : 'header changed';
    return { kind, name, status, promised: value, seen: other?.value ?? '' };
  });
  return [
    ...differences,
    ...added.map(({ name, value }): Difference => ({
      kind: 'header added',
      name,
      status,
      promised: '',
      seen: value,
    })),
  ];
}

function compareUpstream(
  promised: readonly string[],
  seen: readonly string[],
  names: WatchedNames,
): readonly Difference[] {
  const lost = without(promised, seen).map(toPair);
  const foreign = without(seen, promised).map(toPair);
  return [
    ...lost.map(({ name }): Difference => ({ kind: 'identity lost', name })),
    ...foreign.map(({ name }): Difference => ({
      kind: isCredentialName(name, names) ? 'credential upstream' : 'forged upstream',
      name,
    })),
  ];
}

/** The lines of the first list that the second lacks, each as often as it does. */
function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function toPair(line: string): { readonly name: string; readonly value: string } {
  const colonAt = line.indexOf(': ');
  return { name: line.slice(0, colonAt), value: line.slice(colonAt + 2) };
}
