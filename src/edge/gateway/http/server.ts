import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Measurements } from '../../../domain/measurements.ts';
import type { HeaderPair, Reply } from '../../../domain/reply.ts';
import type { AuthzRequest } from '../../../domain/request.ts';
import { toHeaderLines } from '../../../lib/header-lines.ts';
import type { HeaderLine } from '../../../lib/header-lines.ts';
import { LoopDelay, TICK_MS } from '../../../lib/loop-delay.ts';
import { Waiting } from '../../../lib/waiting.ts';
import { NO_BODY, readBody } from './body.ts';
import type { Dialect, GatewayAnswer, GatewayMessage } from './dialect.ts';
import { TOKEN_HEADER } from './headers.ts';
import { ANSWER_MS_MAX, HEADER_LINES_MAX } from './limits.ts';
import { createGatewayListener } from './listener.ts';
import type { GatewayListenerOptions } from './listener.ts';
import { OUTAGE } from './refusal.ts';
import { RefusalCounts } from './refusal-counts.ts';
import { createGatewayTest } from './token.ts';
import { createUnreadable } from './unreadable.ts';

export interface HttpEntranceOptions extends Omit<GatewayListenerOptions, 'onRequest' | 'onMisread'> {
  /** What the gateway must show in `x-gateway-token`; absent: nothing. */
  readonly token?: string | undefined;
  readonly answer: (request: AuthzRequest) => Reply | Promise<Reply>;
  /** The outage in the words of the request's API, decided without its credential: a check that there is no room for must cost little. */
  readonly refuse: (request: AuthzRequest) => Reply;
  /** Told of every exception that nobody meant; the gateway gets an outage and nothing of its text. */
  readonly onBug: (error: unknown) => void;
  /** Told of every question without the gateway's token. */
  readonly onStranger: () => void;
  /** Checks that may wait for an answer at once; one more is refused as an outage. */
  readonly checksMax: number;
}

/** Where one gateway asks over HTTP. */
export interface HttpEntrance {
  /** Binds; resolves to the address with the port that was bound. Rejects with one clear sentence. */
  start(): Promise<{ readonly address: string }>;
  /** What the entrance did since it was asked last. */
  measure(): Measurements;
  /** Lets checks under way end, cuts what is left after `graceMs`. Asked again, it answers when the first is done. */
  stop(graceMs: number): Promise<void>;
}

const nowMs = (): number => performance.now();

/** The entrance of gateways that speak `dialect`. A question that is not shown to be the gateway's, or that breaks, gets an outage: never an allow, and nothing of a decision. */
export function createHttpEntrance(dialect: Dialect, options: HttpEntranceOptions): HttpEntrance {
  const loop = new LoopDelay(nowMs());
  const take = createTake(dialect, { ...options, isBehind: () => loop.isBehind });
  const refusals = new RefusalCounts();
  let isStopping = false;
  const listener = createGatewayListener({
    ...options,
    onRefused(reason) {
      refusals.add(reason);
      options.onRefused(reason);
    },
    onMisread: (reason) => refusals.add(reason),
    onRequest: (message, response) => {
      take(message, (answer) => {
        try {
          // Whoever is told so asks elsewhere next, and loses no check to a closing end.
          respond(response, isStopping ? toLast(answer) : answer);
        } catch (error) {
          // Half an answer is none: to every gateway a connection that ends is an outage.
          options.onBug(error);
          response.destroy();
        }
      });
    },
  });
  let ticking: NodeJS.Timeout | undefined;
  let closed: Promise<void> | undefined;
  const close = async (graceMs: number): Promise<void> => {
    isStopping = true;
    await listener.stop(graceMs);
    clearInterval(ticking);
  };
  return {
    async start() {
      ticking ??= setInterval(() => loop.tick(nowMs()), TICK_MS).unref();
      return { address: await listener.start() };
    },
    measure: () => refusals.drain(),
    stop: (graceMs) => (closed ??= close(graceMs)),
  };
}

interface TakeOptions extends Pick<
  HttpEntranceOptions,
  'token' | 'answer' | 'refuse' | 'onBug' | 'onStranger' | 'checksMax'
> {
  readonly isBehind: () => boolean;
}

/** Never throws. */
type Send = (answer: GatewayAnswer) => void;

/** The outermost frame of a question: here a bug ends as an outage, which no gateway takes for an allow. */
function createTake(dialect: Dialect, options: TakeOptions): (message: IncomingMessage, send: Send) => void {
  const outage = dialect.toAnswer(OUTAGE, createUnreadable(dialect.name, '', []));
  // Whoever is not the gateway keeps none of its connections.
  const dismissal = toLast(outage);
  const isFromGateway = createGatewayTest(options.token);
  const decide = createDecide(dialect, options);
  const fail = (error: unknown): GatewayAnswer => {
    options.onBug(error);
    return outage;
  };
  const read = (message: IncomingMessage): GatewayAnswer | Promise<GatewayAnswer> => {
    const lines = toHeaderLines(message.rawHeaders);
    if (!isFromGateway(lines)) {
      options.onStranger();
      return dismissal;
    }
    const facts = { method: message.method ?? '', target: message.url ?? '', lines: withoutToken(lines) };
    if (dialect.bodyBytesMax === 0) return decide({ ...facts, body: NO_BODY });
    return readBody(message, dialect.bodyBytesMax).then((body) =>
      body === undefined ? UNREADABLE : decide({ ...facts, body }),
    );
  };
  return (message, send) => {
    try {
      const answer = read(message);
      if (answer instanceof Promise) void answer.then(send, (error: unknown) => send(fail(error)));
      else send(answer);
    } catch (error) {
      send(fail(error));
    }
  };
}

const CLOSE: HeaderPair = ['connection', 'close'];

/** The same, and the end of its connection. */
function toLast(answer: GatewayAnswer): GatewayAnswer {
  return { ...answer, headers: [...answer.headers, CLOSE] };
}

/** To a question that is none in this dialect. */
const UNREADABLE: GatewayAnswer = {
  status: 400,
  headers: [['content-type', 'application/json']],
  body: '{"error":{"code":"unreadable","message":"Not a question of this gateway"}}',
};

/** What is handed on is asked for by name and told in metrics: the token is neither. */
function withoutToken(lines: readonly HeaderLine[]): readonly HeaderLine[] {
  return lines.filter(([name]) => name !== TOKEN_HEADER);
}

function createDecide(
  dialect: Dialect,
  { answer, refuse, isBehind, checksMax }: TakeOptions,
): (message: GatewayMessage) => GatewayAnswer | Promise<GatewayAnswer> {
  const waiting = new Waiting(nowMs);
  const finish = (reply: Promise<Reply>, request: AuthzRequest): Promise<GatewayAnswer> =>
    waiting.within(reply, Math.min(request.timeoutMs ?? Infinity, ANSWER_MS_MAX), {
      finish: (given) => dialect.toAnswer(given ?? refuse(request), request),
      fail: (reason) => reason,
    });
  return (message) => {
    const request = readRequest(dialect, message);
    if (request === undefined) return UNREADABLE;
    if (waiting.count >= checksMax || isBehind()) return dialect.toAnswer(refuse(request), request);
    const reply = answer(request);
    return reply instanceof Promise ? finish(reply, request) : dialect.toAnswer(reply, request);
  };
}

/** Of a message with more lines than may come some are lost: what it asks about cannot be known. */
function readRequest(dialect: Dialect, message: GatewayMessage): AuthzRequest | undefined {
  const request = dialect.fromMessage(message);
  if (request === undefined || message.lines.length <= HEADER_LINES_MAX) return request;
  return createUnreadable(dialect.name, request.host, message.lines);
}

/**
 * Without `date` and `keep-alive`: some gateways hand all that we say on to the client. Headers go in one list: set one by one, they
 * are kept in an object first, which takes 2.6 µs more.
 */
function respond(response: ServerResponse, { status, headers, body }: GatewayAnswer): void {
  response.sendDate = false;
  response.removeHeader('connection');
  const lines: string[] = [];
  for (const [name, value] of headers) lines.push(name, value);
  lines.push('content-length', String(Buffer.byteLength(body)));
  response.writeHead(status, lines);
  response.end(body);
}
