import { IncomingMessage } from 'node:http';

/** The headers that Node's server looks at. How a message is framed and whether its connection stays its parser has seen already. */
export const ASKED_HEADERS: ReadonlySet<string> = new Set([
  'content-length',
  'expect',
  'host',
  'te',
  'transfer-encoding',
]);
const ASKED_LENGTHS: ReadonlySet<number> = new Set([...ASKED_HEADERS].map((name) => name.length));

type AskedHeaders = Partial<Record<string, string>>;

/**
 * A gateway's question, whose `headers` are ASKED_HEADERS alone: we read `rawHeaders`, and an object of all of them, which Node makes
 * for these five, takes 2.3 µs.
 */
export class Question extends IncomingMessage {
  private asked: AskedHeaders | undefined;

  static {
    // Node declares a property and has an accessor: it is replaced where it stands.
    Object.defineProperty(this.prototype, 'headers', {
      get(this: Question): AskedHeaders {
        return (this.asked ??= findAsked(this.rawHeaders));
      },
    });
  }
}

/**
 * Lines of one name are joined: all of these are lists, or come once. A length of nothing, which Envoy sends, is left out: to Node
 * there is then no body, as there is to its parser, and no stream to be opened for it.
 */
function findAsked(rawHeaders: readonly string[]): AskedHeaders {
  const asked: AskedHeaders = {};
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const raw = rawHeaders[at] ?? '';
    if (!ASKED_LENGTHS.has(raw.length)) continue;
    const name = raw.toLowerCase();
    if (!ASKED_HEADERS.has(name)) continue;
    const value = rawHeaders[at + 1] ?? '';
    if (name === 'content-length' && value === '0') continue;
    const before = asked[name];
    asked[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return asked;
}
