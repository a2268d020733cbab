import { describe, expect, it } from 'vitest';
import { ConfigProblems } from '../../../src/config/problems.ts';
import { OperationRefused } from '../../../src/domain/operations.ts';
import { DependencyDown } from '../../../src/ports.ts';
import { findNodeFault } from '../../../src/cli/node-version.ts';
import { createFakeRunning, run } from './run.ts';

const PROBLEM = {
  file: 'config/apis/a.yaml',
  line: 3,
  column: 5,
  key: 'tiers.free',
  message: 'found 1, expected a map',
};

describe('global flags', () => {
  it('hands the configuration and every setting to the program, in order', async () => {
    const show = ['accounts', 'show', '--api', 'a', '--id', 'b'];
    expect((await run(show)).options).toEqual([{ config: 'config/tollgate.yaml', sets: [] }]);
    const given = [
      '--config',
      'c.yaml',
      '--set',
      'store.url=sqlite:x=y',
      ...show,
      '--set',
      'mode=production',
    ];
    expect((await run(given)).options).toEqual([
      { config: 'c.yaml', sets: ['store.url=sqlite:x=y', 'mode=production'] },
    ]);
  });

  it('refuses a setting that is none', async () => {
    const ran = await run(['--set', 'store.url', 'migrate']);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('Expected key=value');
  });
});

describe('help and mistakes', () => {
  const commands = [
    [],
    ['serve'],
    ['demo'],
    ['validate'],
    ['migrate'],
    ['accounts'],
    ...['create', 'show', 'set', 'grant', 'suspend', 'resume'].map((verb) => ['accounts', verb]),
    ['keys'],
    ...['create', 'list', 'show', 'set', 'rotate', 'revoke', 'import', 'digest'].map((verb) => [
      'keys',
      verb,
    ]),
  ];

  it.each(commands.map((command) => [command.join(' '), command] as const))(
    'explains `%s` with an example and exits 0',
    async (name, command) => {
      const ran = await run([...command, '--help']);
      expect(ran.code).toBe(0);
      expect(ran.out).toContain(`Usage: tollgate${name === '' ? '' : ` ${name}`}`);
      expect(ran.out).toContain(`$ tollgate ${name}`);
      expect(ran.err).toBe('');
    },
  );

  it.each([
    [['sreve'], 'Did you mean serve?'],
    [['keys', 'rovoke'], 'Did you mean revoke?'],
    [['keys', 'list', '--api', 'a', '--acount', 'b'], 'Did you mean --account?'],
    [['serve', '--confg', 'x'], 'Did you mean --config?'],
    [['keys', 'list', '--api'], 'argument missing'],
    [['keys', 'list', '--api', 'a', '--status', 'gone'], 'Allowed choices are active, expired, revoked'],
    [[], 'Usage: tollgate'],
    [['keys'], 'Usage: tollgate keys'],
  ])('%j exits 2 and helps', async (args, message) => {
    const ran = await run(args);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain(message);
  });
});

describe('failures', () => {
  const show = ['accounts', 'show', '--api', 'a', '--id', 'b'];
  const system = Object.assign(new Error('listen EADDRINUSE: 127.0.0.1:9000'), {
    code: 'EADDRINUSE',
    syscall: 'listen',
  });

  it.each([
    [new OperationRefused('not_found', 'no account b in api a'), 'error: no account b in api a\n'],
    [
      new DependencyDown('credits', 'the store does not answer'),
      'error: credits: the store does not answer\n',
    ],
    [system, 'error: listen EADDRINUSE: 127.0.0.1:9000\n'],
    [
      new ConfigProblems([PROBLEM]),
      'config/apis/a.yaml:3:5: tiers.free: found 1, expected a map\nerror: the configuration cannot be used\n',
    ],
  ])('shows %s as one sentence, without a stack, and exits 1', async (error, err) => {
    const ran = await run(show, { instead: { showAccount: () => Promise.reject(error) } });
    expect(ran).toMatchObject({ code: 1, out: '', err, closed: 1 });
  });

  it('shows the stack of a bug, and no control character of its message', async () => {
    const bug = new TypeError('x is \u001b[31mundefined');
    const ran = await run(show, { instead: { showAccount: () => Promise.reject(bug) } });
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('this is a bug in Tollgate');
    expect(ran.err).toContain('x is \\u{1b}[31mundefined\n    at ');
  });

  it('says nothing when the reader of its answer has gone', async () => {
    const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' });
    const ran = await run(show, { instead: { showAccount: () => Promise.reject(gone) } });
    expect(ran).toMatchObject({ code: 1, err: '' });
  });
});

describe('serve', () => {
  it('says where it listens, and stops the server when asked', async () => {
    let stopped = 0;
    const running = createFakeRunning({
      notes: ['secrets were made in var/'],
      stop: async () => void (stopped += 1),
    });
    const given = { program: { serve: async () => running }, stop: AbortSignal.abort() };
    const text = await run(['serve'], given);
    expect(text).toMatchObject({ code: 0, err: 'secrets were made in var/\n' });
    expect(text.out).toContain('check.grpc  127.0.0.1:9000\n');
    const json = await run(['serve', '--json'], given);
    expect(JSON.parse(json.out)).toEqual({ listeners: running.listeners, notes: running.notes });
    expect(stopped).toBe(2);
  });

  it('stops the server and exits 1 when a part of it fails', async () => {
    let stopped = 0;
    const failure = new OperationRefused('unavailable', 'the store thread ended');
    const ended = Promise.reject(failure);
    ended.catch(() => undefined);
    const running = createFakeRunning({
      ended,
      stop: async () => void (stopped += 1),
    });
    const ran = await run(['serve'], { program: { serve: async () => running } });
    expect(ran).toMatchObject({ code: 1, err: 'error: the store thread ended\n' });
    expect(stopped).toBe(1);
  });
});

describe('validate and migrate', () => {
  it('lists the APIs of a valid configuration', async () => {
    const report = {
      problems: [],
      warnings: ['a key known by digest alone cannot sign'],
      apis: [{ name: 'truedy', hosts: ['api.truedy.ai'] }],
    };
    const ran = await run(['validate'], { program: { validate: async () => report } });
    expect(ran).toMatchObject({ code: 0, err: 'warning: a key known by digest alone cannot sign\n' });
    expect(ran.out).toContain('truedy  api.truedy.ai\nThe configuration is valid.\n');
  });

  it('names every problem with file, line, column and key, and exits 1', async () => {
    const absent = { file: 'config/apis/b.yaml', line: 0, column: 0, key: '', message: 'cannot be read' };
    const report = { problems: [PROBLEM, absent], warnings: [], apis: [] };
    const ran = await run(['validate'], { program: { validate: async () => report } });
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toBe(
      'config/apis/a.yaml:3:5: tiers.free: found 1, expected a map\n' +
        'config/apis/b.yaml: cannot be read\n' +
        'error: 2 problems in the configuration\n',
    );
    const json = await run(['validate', '--json'], { program: { validate: async () => report } });
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toEqual(report);
  });

  it('tells what migrate did', async () => {
    expect((await run(['migrate'])).out).toBe('sqlite:var/tollgate.db: 1 accounts and keys\n');
    const same = { store: 'sqlite:s', steps: [] };
    expect((await run(['migrate'], { program: { migrate: async () => same } })).out).toBe(
      'sqlite:s is up to date\n',
    );
    expect(JSON.parse((await run(['migrate', '--json'])).out)).toEqual({
      store: 'sqlite:var/tollgate.db',
      steps: ['1 accounts and keys'],
    });
  });
});

describe('the version of Node', () => {
  it.each(['24.15.0', '24.21.0', '25.0.0', '26.10.0', '100.0.0'])('accepts %s', (version) => {
    expect(findNodeFault(version)).toBeUndefined();
  });

  it.each(['20.20.2', '22.18.0', '24.14.9', '0.10.48', ''])('refuses %j in a sentence', (version) => {
    expect(findNodeFault(version)).toContain('needs Node 24.15 or newer');
  });
});
