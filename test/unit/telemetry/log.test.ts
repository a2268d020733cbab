import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIELDS_MAX, FIELD_CHARACTERS_MAX, createLog, toErrorFields } from '../../../src/telemetry/log.ts';
import type { Log, LogFields, LogLevel } from '../../../src/telemetry/log.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 8, 0, 0);
/** 36 base62 characters after a prefix: what an issued key looks like. */
const KEY = `truedy_${'Ab1'.repeat(12)}`;

function capture(level: LogLevel = 'debug'): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  return { log: createLog({ level, write: (line) => lines.push(line), wallMs: () => NOW_MS }), lines };
}

function written(message: string, fields?: LogFields): Record<string, unknown> {
  const { log, lines } = capture();
  log.info(message, fields);
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
}

describe('createLog', () => {
  it('writes one line of JSON an entry: level, time, fields, message', () => {
    const { log, lines } = capture();
    log.warn('the edge restarted', { listener: 'check.grpc', tries: 2, slow: true, port: null });
    expect(lines).toEqual([
      '{"level":"warn","time":"2026-11-22T08:00:00.000Z","listener":"check.grpc","tries":2,"slow":true,"port":null,"msg":"the edge restarted"}\n',
    ]);
  });

  it.each([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
  ] as const)('writes at level %s what is as grave or graver', (level, count) => {
    const { log, lines } = capture(level);
    log.debug('d');
    log.info('i');
    log.warn('w');
    log.error('e');
    expect(lines).toHaveLength(count);
  });

  it('keeps every entry on one line that no terminal obeys, whatever the texts', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const hostile = fc.oneof(
      text,
      fc.constantFrom('a\r\nb', '\u001b[2J', '\u009b31m', '\u2028', '\u202e', '%s %j'),
    );
    fc.assert(
      fc.property(hostile, hostile, hostile, (message, name, value) => {
        const { log, lines } = capture();
        log.info(message, { [name]: value });
        expect(lines).toHaveLength(1);
        expect(lines[0]).toMatch(/^\{.*\}\n$/);
        // oxlint-disable-next-line no-control-regex
        expect(lines[0]?.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
        expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info' });
      }),
    );
  });

  it('lets no field take the place of level, time or message', () => {
    const { log, lines } = capture();
    log.error('real', { level: 'info', time: 'never', msg: 'forged' });
    expect(lines[0]?.match(/"level":/g)).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      msg: 'real',
      level_: 'info',
      msg_: 'forged',
    });
  });

  it('bounds the number of fields, their names and their texts', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`f${at}`, at]));
    expect(Object.keys(written('m', many))).toHaveLength(FIELDS_MAX + 3);
    const entry = written('y'.repeat(10_000), { text: 'x'.repeat(10_000), ['n'.repeat(500)]: 1 });
    expect(entry['text']).toBe(`${'x'.repeat(FIELD_CHARACTERS_MAX)}…`);
    expect(entry['msg']).toBe(`${'y'.repeat(FIELD_CHARACTERS_MAX)}…`);
    expect(entry['n'.repeat(64)]).toBe(1);
  });

  it.each([
    'authorization',
    'Authorization',
    'proxy-authorization',
    'x-api-key',
    'X_API_KEY',
    'api-key',
    'apiKey',
    'cookie',
    'set-cookie',
    'pepper',
    'sealing_key',
    'client_secret',
    'access_token',
    'key',
  ])('writes nothing of a field named %s', (name) => {
    expect(written('m', { [name]: 'value-of-it' })[name]).toBe('[redacted]');
  });

  it.each(['api', 'key_id', 'key_row', 'keys', 'account', 'listener', 'tokens_verified'])(
    'leaves a field named %s as it is',
    (name) => {
      expect(written('m', { [name]: 'value-of-it' })[name]).toBe('value-of-it');
    },
  );

  it.each([
    [`Authorization: Bearer ${KEY}`, 'Authorization: Bearer [redacted]'],
    ['basic dXNlcjpwYXNz and more', 'basic [redacted] and more'],
    [`refused ${KEY} at once`, 'refused truedy_[redacted] at once'],
    [`refused my_own_${KEY.slice(-36)} at once`, 'refused my_own_[redacted] at once'],
    [`refused fr_rt_${'a-_9'.repeat(21)}xQ at once`, 'refused fr_rt_[redacted] at once'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln', '[redacted]'],
    ['postgres://tollgate:hunter2@db/x', 'postgres://tollgate:[redacted]@db/x'],
    ['redis://:hunter2@cache', 'redis://:[redacted]@cache'],
  ])('leaves no credential in %j, in message or field', (text, clean) => {
    expect(written(text, { detail: text })).toMatchObject({ msg: clean, detail: clean });
  });

  it('tells of an error its name, message and stack, without credentials', () => {
    const fields = toErrorFields(new TypeError(`cannot read ${KEY}`));
    const entry = written('a bug', fields);
    expect(entry['error']).toBe('TypeError: cannot read truedy_[redacted]');
    expect(entry['stack']).toContain('log.test.ts');
    expect(JSON.stringify(entry)).not.toContain(KEY);
    expect(toErrorFields('thrown text')).toEqual({ error: 'thrown text' });
  });
});
