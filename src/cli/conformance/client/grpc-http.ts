import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import type { SentHeader, SentRequest } from './client.ts';
import { toOptions } from './connect.ts';
import type { Address } from './connect.ts';
import { ANSWER_MS_MAX, NoAnswer } from './raw-http.ts';
import type { RawAnswer } from './raw-http.ts';

/** A unary call as a gRPC client makes it, without a message: what is judged is the refusal's form. Rejects with `NoAnswer`. */
export async function askGrpc(
  { host = '127.0.0.1', port, tls }: Address,
  sent: SentRequest,
): Promise<RawAnswer> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const session =
    tls === undefined ? connect(`http://${authority}`) : connect(`https://${authority}`, toOptions(tls));
  const tooLate = setTimeout(() => session.destroy(new Error('no answer in time')), ANSWER_MS_MAX);
  try {
    return await callOnce(session, sent);
  } finally {
    clearTimeout(tooLate);
    session.destroy();
  }
}

async function callOnce(session: ClientHttp2Session, sent: SentRequest): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingHttpHeaders>();
  const fail = ({ message }: Error): void => reject(new NoAnswer(message));
  session.on('error', fail);
  session.on('close', () => fail(new Error('the connection ended')));
  const stream = session.request({
    ':method': sent.method,
    ':path': sent.path,
    ':authority': sent.host,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...Object.fromEntries(sent.headers.map(([name, value]) => [name.toLowerCase(), value])),
  });
  stream.on('response', resolve);
  stream.on('error', fail);
  stream.resume();
  stream.end();
  const { ':status': status, ...headers } = await promise;
  const pairs = Object.entries(headers).map(([name, value]): SentHeader => [name, String(value)]);
  return { status: Number(status), headers: pairs, body: '' };
}
