import { describe, expect, test } from 'vitest';
import type { TokenInspection, TokenQuestion } from '../../../src/app.ts';
import { TOKEN_CHARS_MAX, TOKEN_FAULTS } from '../../../src/domain/token.ts';
import { run } from './run.ts';

const INSPECT = ['tokens', 'inspect', '--api', 'clary'];
const KNOWN: TokenInspection = {
  header: { alg: 'HS256', kid: 'key_1' },
  claims: { sub: 'user\u001b[31m', exp: 1 },
  kind: 'key_signed',
  issuer: null,
  verdict: 'unverified',
  fault: null,
};

function answering(inspection: Partial<TokenInspection>) {
  const asked: TokenQuestion[] = [];
  const inspectToken = async (_: unknown, question: TokenQuestion): Promise<TokenInspection> => {
    asked.push(question);
    return { ...KNOWN, ...inspection };
  };
  return { asked, program: { inspectToken } };
}

describe('tokens inspect', () => {
  test('asks about the token from stdin, of that API, without the network', async () => {
    const { asked, program } = answering({});
    const { code, out } = await run(INSPECT, { stdin: 'a.b.c\n', program });
    expect(asked).toEqual([{ api: 'clary', token: 'a.b.c', network: 'never' }]);
    expect(code).toBe(0);
    expect(out).toContain('token    signed with an API key\n');
    expect(out).toContain('header   {"alg":"HS256","kid":"key_1"}\n');
    expect(out).toContain('not verified: a running server has the key');
  });

  test('asks the network only where it is told to', async () => {
    const { asked, program } = answering({});
    await run([...INSPECT, '--fetch'], { stdin: 'a.b.c', program });
    expect(asked).toMatchObject([{ network: 'key_sets' }]);
  });

  test.each(TOKEN_FAULTS)('says what %s means, and fails', async (fault) => {
    const { program } = answering({ verdict: 'refused', fault });
    const { code, out, err } = await run(INSPECT, { stdin: 'a.b.c', program });
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`verdict {2}refused, ${fault}: \\w+`));
    expect(err).toContain('refuses this token');
  });

  test('says so where a token would be believed', async () => {
    const { program } = answering({ verdict: 'believed', kind: 'issuer', issuer: 'outside' });
    const { code, out } = await run(INSPECT, { stdin: 'a.b.c', program });
    expect(code).toBe(0);
    expect(out).toContain('token    of the issuer outside\n');
    expect(out).toContain('verdict  believed');
  });

  test('shows nothing of a token that cannot be read, and the terminal obeys nothing of one that can', async () => {
    const unreadable = answering({
      header: null,
      claims: null,
      kind: null,
      verdict: 'refused',
      fault: 'token_malformed',
    });
    const { out } = await run(INSPECT, { stdin: 'a.b.c', program: unreadable.program });
    expect(out).toMatch(/^verdict {2}refused, token_malformed/);
    const { out: shown } = await run(INSPECT, { stdin: 'a.b.c', program: answering({}).program });
    expect(shown).not.toContain('\u001b');
  });

  test('gives all of it as JSON', async () => {
    const { program } = answering({ verdict: 'refused', fault: 'token_expired' });
    const { out } = await run([...INSPECT, '--json'], { stdin: 'a.b.c', program });
    expect(JSON.parse(out)).toMatchObject({
      verdict: 'refused',
      fault: 'token_expired',
      rule: expect.stringContaining('exp'),
    });
  });

  test('takes a token of the greatest length, and none that is longer', async () => {
    const { asked, program } = answering({});
    await run(INSPECT, { stdin: `${'x'.repeat(TOKEN_CHARS_MAX)}\r\n`, program });
    expect(asked[0]?.token).toHaveLength(TOKEN_CHARS_MAX);
    const { code, err } = await run(INSPECT, { stdin: 'x'.repeat(TOKEN_CHARS_MAX + 3), program });
    expect(code).toBe(2);
    expect(err).toContain('a token has at most');
  });

  test('takes no token as an argument, and repeats none', async () => {
    const { code, err } = await run([...INSPECT, 'secret.token.here'], { stdin: '' });
    expect(code).toBe(2);
    expect(err).not.toContain('secret.token.here');
  });
});
