import type { RequestHeaders } from '../../../domain/request.ts';
import type { HeaderLine } from '../../../lib/header-lines.ts';

/** What the gateway proves itself by. */
export const TOKEN_HEADER = 'x-gateway-token';
/** The address at the other end of the gateway's client connection. */
export const PEER_HEADER = 'x-gateway-peer';
/** The gateway's own id of the request. */
export const REQUEST_ID_HEADER = 'x-gateway-request-id';

const NO_NAMES: readonly string[] = [];
const ODD_NAME = /[^a-z0-9-]/;

/** The client's headers: all lines but those that the gateway said of itself. */
export function createClientHeaders(
  lines: readonly HeaderLine[],
  gatewaysOwn: ReadonlySet<string>,
): RequestHeaders {
  return {
    all(wanted) {
      const values: string[] = [];
      if (gatewaysOwn.has(wanted)) return values;
      for (const [name, value] of lines) if (name === wanted) values.push(value);
      return values;
    },
    names() {
      const names = new Set<string>();
      for (const [name] of lines) if (!gatewaysOwn.has(name)) names.add(name);
      return names;
    },
    oddNames() {
      let odd: Set<string> | undefined;
      for (const [name] of lines) {
        if (ODD_NAME.test(name) && !gatewaysOwn.has(name)) odd = (odd ?? new Set()).add(name);
      }
      return odd === undefined ? NO_NAMES : [...odd];
    },
  };
}
