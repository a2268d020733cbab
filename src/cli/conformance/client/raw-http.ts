import type { SentHeader } from './client.ts';
import { connectTo } from './connect.ts';
import type { Address } from './connect.ts';

/** What a whole answer gets to come in. */
export const ANSWER_MS_MAX = 5_000;
const ANSWER_BYTES_MAX = 1024 * 1024;

export interface RawRequest extends Address {
  readonly method: string;
  readonly target: string;
  /** In this order and spelling, repeated names included; one character a byte. */
  readonly headers: readonly SentHeader[];
  /** What follows the headers; absent: nothing. */
  readonly body?: string;
  /**
   * Where the answer is a 101, resolves when the connection may be closed; absent: at once. Who switches protocols may say so before it
   * has asked about the request or handed it on.
   */
  readonly whenSwitched?: () => Promise<unknown>;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: readonly SentHeader[];
  readonly body: string;
}

/** No whole answer came, or none within its bounds. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/**
 * One HTTP/1.1 request on a connection of its own, byte for byte as given: an HTTP library would refuse or mend what must reach the gateway.
 * Rejects with `NoAnswer` where no whole answer comes in time.
 */
export async function askRaw(request: RawRequest): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const fail = (why: string): void => reject(new NoAnswer(why));
  const socket = connectTo(request);
  const tooLate = setTimeout(() => fail(`no answer within ${ANSWER_MS_MAX / 1_000} s`), ANSWER_MS_MAX);
  let received = '';
  const judge = (ended: 'ended' | 'open') => {
    const answer = readAnswer(received, request.method, ended);
    if (Number.isNaN(answer?.status)) fail('what answers speaks no HTTP/1.1');
    else if (answer !== undefined) resolve(answer);
    else if (ended === 'ended') fail(`the connection ended after ${received.length} bytes`);
  };
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk;
    if (received.length > ANSWER_BYTES_MAX) fail('the answer has no end');
    else judge('open');
  });
  socket.on('end', () => judge('ended'));
  socket.on('error', ({ message }) => fail(message));
  const lines = request.headers.map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `${request.method} ${request.target} HTTP/1.1\r\n${lines.join('')}\r\n${request.body ?? ''}`;
  // Nothing is said before it is known to whom.
  socket.once(request.tls === undefined ? 'connect' : 'secureConnect', () => socket.write(text, 'latin1'));
  try {
    const answer = await promise;
    if (answer.status === SWITCHED) await request.whenSwitched?.();
    return answer;
  } finally {
    clearTimeout(tooLate);
    socket.destroy();
  }
}

const SWITCHED = 101;
/** Answers without a body: what follows 101 is another protocol, and 204 has nothing to say. */
const BODYLESS: ReadonlySet<number> = new Set([SWITCHED, 204]);

/** undefined while a part is missing. */
function readAnswer(received: string, method: string, ended: 'ended' | 'open'): RawAnswer | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [first = '', ...lines] = received.slice(0, headEnd).split('\r\n');
  const headers = lines.map((line): SentHeader => {
    const colonAt = line.indexOf(':');
    return [line.slice(0, colonAt).toLowerCase(), line.slice(colonAt + 1).trim()];
  });
  const status = Number(/^HTTP\/1\.[01] (?<code>\d{3})(?: |$)/.exec(first)?.groups?.['code']);
  const body =
    method === 'HEAD' || BODYLESS.has(status) ? '' : readBody(received.slice(headEnd + 4), headers, ended);
  return body === undefined ? undefined : { status, headers, body };
}

function readBody(rest: string, headers: readonly SentHeader[], ended: 'ended' | 'open'): string | undefined {
  const find = (wanted: string) => headers.find(([name]) => name === wanted)?.[1];
  if (find('transfer-encoding') === 'chunked') return readChunks(rest);
  const length = find('content-length');
  if (length === undefined) return ended === 'ended' ? rest : undefined;
  return rest.length < Number(length) ? undefined : rest.slice(0, Number(length));
}

function readChunks(rest: string): string | undefined {
  let body = '';
  for (let at = 0; ;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const length = readHex(rest.slice(at, lineEnd));
    const chunkEnd = lineEnd + 2 + length;
    // A length that is none is smaller and greater than nothing: the answer then never ends, in time.
    if (!(rest.length >= chunkEnd + 2)) return undefined;
    if (length === 0) return body;
    body += rest.slice(lineEnd + 2, chunkEnd);
    at = chunkEnd + 2;
  }
}

/** Digits alone, whatever extension follows (RFC 9112 §7.1): a negative length would be read for ever. */
function readHex(line: string): number {
  return Number.parseInt(/^[\da-f]+/i.exec(line)?.[0] ?? '', 16);
}
