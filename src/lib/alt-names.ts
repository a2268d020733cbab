/** One name with its kind, and what follows it; a value in quotes is JSON text. */
const NAME = /(?<kind>[^:,"]+):(?<value>"(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/**
 * Whether a certificate names one of `names` (`dns:gateway.example`, `uri:spiffe://…`) among its subject alternative names (RFC 5280 §4.2.1.6).
 * `presented` is the text that node:crypto's X509Certificate has of them. Names are compared whole, DNS names in any case; a wildcard in the
 * certificate is a text like any other. A text that is not understood to its end names nobody.
 */
export function matchesAltName(presented: string, names: readonly string[]): boolean {
  const known = listAltNames(presented);
  return names.some((name) => known.has(name.startsWith('dns:') ? name.toLowerCase() : name));
}

function listAltNames(presented: string): ReadonlySet<string> {
  const names = new Set<string>();
  NAME.lastIndex = 0;
  while (NAME.lastIndex < presented.length) {
    const { kind, value = '' } = NAME.exec(presented)?.groups ?? {};
    if (kind === undefined) return new Set();
    // What node puts in quotes could be read in two ways. It is never one of the plain names that may be asked for.
    if (value.startsWith('"')) continue;
    if (kind === 'DNS') names.add(`dns:${value.toLowerCase()}`);
    if (kind === 'URI') names.add(`uri:${value}`);
  }
  return names;
}
