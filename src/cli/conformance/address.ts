export type Place = { readonly host: string; readonly port: number } | { readonly path: string };

/** `127.0.0.1:9001`, `[::1]:0`, `unix:/path`; undefined for what is none. */
export function toPlace(address: string): Place | undefined {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) };
  const { host, port } = /^(?<host>.+):(?<port>\d{1,5})$/.exec(address)?.groups ?? {};
  if (host === undefined || Number(port) > PORT_MAX) return undefined;
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

const PORT_MAX = 65_535;
