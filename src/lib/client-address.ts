import { canonicalAddress } from './cidr.ts';

/**
 * The client's address in `x-forwarded-for` behind `trustedHops` proxies of ours: the entry just left of theirs, counted from the right,
 * because everything further left is what the client wrote. Several lines are one list in order of arrival (RFC 9110 §5.3).
 * Undefined where there are too few entries or the one that counts is no IP address.
 */
export function addressFromForwardedFor(lines: readonly string[], trustedHops: number): string | undefined {
  const list = lines.join(',');
  let end = list.length;
  for (let hop = 0; hop < trustedHops; hop += 1) {
    // lastIndexOf treats a negative start as 0, so the start of the list ends the walk here.
    end = end <= 0 ? -1 : list.lastIndexOf(',', end - 1);
    if (end < 0) return undefined;
  }
  const start = end === 0 ? 0 : list.lastIndexOf(',', end - 1) + 1;
  return canonicalAddress(withoutBlanksAround(list, start, end));
}

/** Only blank and tab may surround an entry (RFC 9110 §5.6.3). */
function withoutBlanksAround(list: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(list.charCodeAt(from))) from += 1;
  while (to > from && isBlank(list.charCodeAt(to - 1))) to -= 1;
  return list.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
