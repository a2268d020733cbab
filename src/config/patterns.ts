import { canonicalPath } from '../lib/canonical-path.ts';

const SEGMENTS_MAX = 32;

/** Characters with one spelling (RFC 3986 §2.3, unreserved). Others may come escaped, and `%3A` would slip past a rule for `:`. */
const ONE_SPELLING = /^[\w.~/-]*$/;

/** A literal path, without trailing slash, as it is compared with requests. */
export function isCanonicalPath(path: string): boolean {
  return ONE_SPELLING.test(path) && !path.endsWith('/') && canonicalPath(path)?.path === path;
}

/** The segments of a route's pattern: literals, `*` for one, `**` last for the rest; undefined where it is none. */
export function parsePattern(pattern: string): readonly string[] | undefined {
  if (pattern === '/') return [];
  if (!pattern.startsWith('/')) return undefined;
  const segments = pattern.slice(1).split('/');
  if (segments.length > SEGMENTS_MAX) return undefined;
  const holds = (segment: string, index: number): boolean =>
    segment === '*' || (segment === '**' && index === segments.length - 1) || isCanonicalPath(`/${segment}`);
  return segments.every(holds) ? segments : undefined;
}
