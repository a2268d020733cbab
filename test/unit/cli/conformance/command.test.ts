import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createProgram } from '../../../../src/app.ts';
import { findFreePort } from '../../../e2e/free-port.ts';
import { run } from '../run.ts';
import type { Ran } from '../run.ts';
import { askWith, passOnTo, startFakeGateway } from './fake-gateway.ts';
import type { Behaviour } from './fake-gateway.ts';

const TOKEN = 'what-the-gateway-shows-0123456789abcdef';

let folder: string;
let listen: number;
let upstream: number;
let stop: () => Promise<void> = async () => undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-command-'));
  await writeFile(join(folder, 'token'), `${TOKEN}\n`);
  listen = await findFreePort();
  upstream = await findFreePort();
});

afterEach(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
});

/** Each look at the clock takes so long, so that nobody waits for a gateway to be ready. */
const LOOK_MS = 4_000;

async function judge(behaviour: Behaviour, nowMs = createHurry()): Promise<Ran> {
  const gateway = await startFakeGateway(behaviour);
  stop = () => gateway.stop();
  return conformance(['--gateway', gateway.url], nowMs);
}

function conformance(
  flags: readonly string[],
  nowMs = createHurry(),
  stopping = new AbortController().signal,
): Promise<Ran> {
  const { rehearse } = createProgram({ env: {}, writeLog: () => undefined });
  const places = ['--listen', `127.0.0.1:${listen}`, '--upstream', `127.0.0.1:${upstream}`];
  const entrance = ['--entrance', 'nginx', '--token-file', join(folder, 'token')];
  return run(['conformance', ...places, ...entrance, ...flags], {
    program: { rehearse },
    nowMs,
    stop: stopping,
  });
}

function createHurry(): () => number {
  let now = 0;
  return () => (now += LOOK_MS);
}

/** One sentence for a person: no stack, no secret. */
function expectOneSentence({ code, err, out }: Ran, words: RegExp): void {
  expect(code).toBe(1);
  expect(out).toBe('');
  expect(err).toMatch(words);
  expect(err).not.toMatch(/\n\s+at |bug in Tollgate/);
  expect(err).not.toContain(TOKEN);
}

/** All that the dialect needs besides. */
const WHOLE = {
  'x-original-host': 'api.trackyard.com',
  'x-gateway-peer': '127.0.0.1',
  'x-gateway-request-id': '0',
};

describe('a run that is given up on its way', () => {
  /** It checks, but leaves every header as it is. */
  function startDying(): Behaviour {
    const behaviour = askWith(listen, TOKEN, WHOLE, passOnTo(upstream));
    let left = ANSWERED;
    return (message, response) => {
      left -= 1;
      if (left >= 0) return behaviour(message, response);
      message.socket.destroy();
      void stop();
    };
  }
  const ANSWERED = 30;

  test('for the gateway is gone tells what was lost so far, and that it is not the whole', async () => {
    const { code, out, err } = await judge(startDying(), Date.now);
    expect(code).toBe(1);
    expect(out).toMatch(/^(?:LET THROUGH|UNSAFE|MUTE): /);
    expect(out).toMatch(
      /\nTHE RUN WAS GIVEN UP, and this is not the whole: the gateway no longer answers: 5 requests in a row got nothing\.\n[1-9]\d* loss(?:es)? so far: \d+ of \d+ cases, 0 of \d+ attacks and 0 of 3 outages through/,
    );
    expect(err).toMatch(/^error: the run was given up, with [1-9]\d* loss(?:es)? so far: /m);
    expect(out + err).not.toContain(TOKEN);
  });

  test('for it was stopped is told to programs as well', async () => {
    const stopping = new AbortController();
    const behaviour = askWith(listen, TOKEN, WHOLE, passOnTo(upstream));
    let asked = 0;
    const gateway = await startFakeGateway((message, response) => {
      asked += 1;
      if (asked === ANSWERED) stopping.abort();
      behaviour(message, response);
    });
    stop = () => gateway.stop();
    // This recipe declares a loss that no request shows so early: it may be seen yet.
    const flags = ['--gateway', gateway.url, '--recipe', 'envoy-http', '--json'];
    const ran = await conformance(flags, Date.now, stopping.signal);
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({
      given_up: { why: 'it was stopped', meant: { cases: expect.any(Number) } },
      losses: expect.arrayContaining([expect.objectContaining({ severity: 'mute' })]),
      exceptions_not_seen: [],
    });
  });
});

describe('a gateway that cannot be judged', () => {
  test('for it is not there', async () => {
    const nobody = await findFreePort();
    expectOneSentence(
      await conformance(['--gateway', `http://127.0.0.1:${nobody}`]),
      /no gateway answers at http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/,
    );
  });

  test('for it lets requests through and asks nobody, which is told first', async () => {
    expectOneSentence(await judge(passOnTo(upstream)), /^error: LET THROUGH: .* asked nobody at/m);
  });

  test('for it never asks and refuses by itself', async () => {
    const ran = await judge((_, response) => response.writeHead(503).end());
    expectOneSentence(ran, /never asked at 127\.0\.0\.1:\d+ \(nginx\) and answered 503 by itself/);
  });

  test('for the run was stopped before it asked', async () => {
    const gateway = await startFakeGateway((_, response) => response.writeHead(503).end());
    stop = () => gateway.stop();
    const ran = await conformance(['--gateway', gateway.url], Date.now, AbortSignal.abort());
    expectOneSentence(ran, /^error: the run was stopped/m);
  });

  test('for it has no route for the documented hosts', async () => {
    const ran = await judge((_, response) => response.writeHead(404).end());
    expectOneSentence(ran, /needs a route for api\.trackyard\.com/);
  });

  test('for it shows another token', async () => {
    const ran = await judge(askWith(listen, `${TOKEN}-of-yesterday`), Date.now);
    expectOneSentence(ran, /shows another token in x-gateway-token/);
  });

  test('for it speaks another dialect than the one that was named', async () => {
    const { rehearse } = createProgram({ env: {}, writeLog: () => undefined });
    const gateway = await startFakeGateway(askWith(listen, TOKEN));
    stop = () => gateway.stop();
    const places = ['--listen', `127.0.0.1:${listen}`, '--upstream', `127.0.0.1:${upstream}`];
    const ran = await run(
      [
        ...['conformance', '--gateway', gateway.url, '--entrance', 'envoy-http'],
        ...['--token-file', join(folder, 'token'), ...places],
      ],
      { program: { rehearse }, nowMs: createHurry() },
    );
    expectOneSentence(ran, /does not say what the dialect envoy-http needs, X-Gateway-Peer and .*--entrance/);
  });

  test('for what it passes gets to another application', async () => {
    const ran = await judge(askWith(listen, TOKEN, WHOLE));
    expectOneSentence(ran, /told to pass, but nothing gets to the application at 127\.0\.0\.1:\d+/);
  });

  test('for its application gets requests that nobody sent here', async () => {
    const behaviour = askWith(listen, TOKEN, WHOLE, passOnTo(upstream));
    const ran = await judge((message, response) => {
      const stray = request({
        host: '127.0.0.1',
        port: upstream,
        path: '/ping',
        headers: { 'user-agent': 'x/1' },
      });
      stray.once('response', (answer) => answer.resume().once('end', () => behaviour(message, response)));
      stray.end();
    });
    expectOneSentence(ran, /requests that are not of this run: GET \/ping, of x\/1\..*--health-path/);
  });

  test('for its answers have no end', async () => {
    const ran = await judge((_, response) => {
      response.writeHead(200);
      const flood = (): void => {
        while (response.write('x'.repeat(64 * 1_024)));
      };
      response.on('drain', flood).on('error', () => undefined);
      flood();
    });
    expectOneSentence(ran, /no gateway answers at .*: the answer has no end/);
  });

  test('for somebody else listens where it should ask', async () => {
    const other = await startFakeGateway((_, response) => response.end());
    listen = Number(new URL(other.url).port);
    const ran = await judge((_, response) => response.end());
    await other.stop();
    expectOneSentence(ran, /EADDRINUSE|address already in use|in use/);
  });
});

test('a run that ended early leaves no folder and no listener behind', async () => {
  const before = await listOurs();
  await judge((_, response) => response.writeHead(404).end());
  expect(await listOurs()).toEqual(before);
  const again = await startListening(listen);
  await again();
});

async function listOurs(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('tollgate-conformance-'));
}

async function startListening(port: number): Promise<() => Promise<void>> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve());
  });
  return () => new Promise((resolve) => server.close(() => resolve()));
}

describe('the command line', () => {
  const LISTEN = ['--listen', '127.0.0.1:1', '--upstream', '127.0.0.1:2'];

  test.each([
    ['no gateway', [...LISTEN, '--entrance', 'nginx']],
    ['a gateway that is no URL', ['--gateway', 'nonsense', ...LISTEN, '--recipe', 'envoy']],
    ['a gateway of another protocol', ['--gateway', 'ftp://a.example', ...LISTEN, '--recipe', 'envoy']],
    [
      'authorities for a gateway in clear text',
      ['--gateway', 'http://a.example', ...LISTEN, '--recipe', 'envoy', '--gateway-ca', 'ca.pem'],
    ],
    [
      'an address for the name in a certificate',
      ['--gateway', 'https://a.example', ...LISTEN, '--recipe', 'envoy', '--gateway-name', '10.0.0.1'],
    ],
    [
      'gRPC in clear text beside TLS',
      [
        ...['--gateway', 'https://a.example', '--gateway-http2', 'http://a.example'],
        ...[...LISTEN, '--recipe', 'envoy'],
      ],
    ],
    ['a name and a password', ['--gateway', 'http://me:secret@a.example', ...LISTEN, '--recipe', 'envoy']],
    [
      'gRPC on another host',
      [
        '--gateway',
        'http://a.example',
        '--gateway-http2',
        'http://b.example',
        ...LISTEN,
        '--recipe',
        'envoy',
      ],
    ],
    ['a gateway with a path', ['--gateway', 'http://a.example/x', ...LISTEN, '--recipe', 'envoy']],
    ['no entrance', ['--gateway', 'http://a.example', ...LISTEN]],
    ['an entrance that nobody knows', ['--gateway', 'http://a.example', ...LISTEN, '--entrance', 'apache']],
    [
      'a gateway over HTTP without its token',
      ['--gateway', 'http://a.example', ...LISTEN, '--recipe', 'kong'],
    ],
    [
      'an address that is none',
      ['--gateway', 'http://a.example', '--listen', 'x', '--upstream', 'y', '--recipe', 'envoy'],
    ],
    [
      'a port that nobody can know',
      [
        '--gateway',
        'http://a.example',
        '--listen',
        '127.0.0.1:0',
        '--upstream',
        '127.0.0.1:2',
        '--recipe',
        'envoy',
      ],
    ],
    [
      'own endpoints that strangers reach',
      ['--gateway', 'http://a.example', ...LISTEN, '--recipe', 'envoy', '--public', '0.0.0.0:80'],
    ],
    ['a token as an argument', ['--gateway', 'http://a.example', ...LISTEN, '--token', TOKEN]],
  ])('with %s is wrong usage', async (_, flags) => {
    const { code, out, err } = await run(['conformance', ...flags]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^error: /);
    expect(err).not.toContain('secret');
  });

  test.each(['ping', '/ping pong', '/api', '/api/external/v1/items', '/api/external/v1/items/healthz'])(
    'with a path of the health at %s is wrong usage',
    async (path) => {
      const flags = ['--gateway', 'http://a.example', ...LISTEN, '--recipe', 'envoy'];
      expect(await run(['conformance', ...flags, '--health-path', path])).toMatchObject({ code: 2, out: '' });
    },
  );

  test('takes any other path for that of the health', async () => {
    const flags = ['--gateway', 'http://a.example', ...LISTEN, '--recipe', 'envoy'];
    const { err } = await run(['conformance', ...flags, '--health-path', '/ping']);
    expect(err).not.toContain('--health-path');
  });

  test.each([
    ['a token file that is not there', 'absent'],
    ['a token file that is a folder', '.'],
    ['a token that is too short', 'short'],
    ['a token that no header can hold', 'binary'],
    ['a file that is too long to read', 'long'],
  ])('with %s is refused in a sentence', async (_, name) => {
    await writeFile(join(folder, 'short'), 'abc');
    await writeFile(join(folder, 'long'), `${TOKEN}${' '.repeat(1024 * 1024)}`);
    await writeFile(join(folder, 'binary'), Buffer.alloc(64, 0xff));
    const file = join(folder, name);
    const flags = ['--gateway', 'http://a.example', ...LISTEN, '--recipe', 'nginx', '--token-file', file];
    const { code, err } = await run(['conformance', ...flags]);
    expect(code).toBe(1);
    expect(err).toMatch(/^error: /);
    expect(err).not.toMatch(/bug in Tollgate|tollgate-conformance/);
  });

  test('with a file of authorities that holds none is refused in a sentence', async () => {
    const place = ['--gateway', 'https://a.example', ...LISTEN, '--recipe', 'envoy'];
    const { code, err } = await run(['conformance', ...place, '--gateway-ca', join(folder, 'token')]);
    expect(code).toBe(1);
    expect(err).toContain('/token: holds no certificates in PEM');
    expect(err).not.toContain(TOKEN);
  });

  test('with exceptions that name no case is refused before anything is started', async () => {
    const file = join(folder, 'mine.yaml');
    await writeFile(
      file,
      'exceptions: [{ why: a reason that a reader can weigh, cases: [nothing], left_out: true }]',
    );
    const flags = ['--gateway', 'http://a.example', ...LISTEN, '--recipe', 'envoy', '--exceptions', file];
    const { code, err } = await run(['conformance', ...flags]);
    expect(code).toBe(1);
    expect(err).toContain(`${file}: "nothing" names no case, no attack and no outage`);
  });
});
