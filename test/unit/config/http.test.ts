import { describe, expect, test } from 'vitest';
import { load, problemsOf, SERVER } from './world.ts';

const TOKEN = 'k7Qm2v9XcT4bLw0sZr8yNf1hJd6gPa3u';
const env = { TOKEN, SHORT: TOKEN.slice(1), BLANK: `${TOKEN} x` };
const at = (entry: string): string => `${SERVER}check: { http: [${entry}] }\n`;
const entry = (listen: string, more = ''): string => `{ listen: "${listen}", dialect: nginx${more} }`;
const NEEDED = 'is missing: on a port the gateway must prove itself, by this or by tls.client_ca';

describe('an entrance of a gateway over HTTP', () => {
  test('has its place in the document and its token among the secrets, in the same order', () => {
    const first = entry('127.0.0.1:9001', ', token: "${TOKEN}"');
    const second = '{ listen: "unix:/run/t.sock", dialect: kong, socket_mode: "0600" }';
    const { document, secrets } = load({ server: at(`${first}, ${second}`), env });
    expect(document.check.http).toEqual([
      { listen: '127.0.0.1:9001', dialect: 'nginx', socketMode: 0o660 },
      { listen: 'unix:/run/t.sock', dialect: 'kong', socketMode: 0o600 },
    ]);
    expect(secrets.checkHttp).toEqual([{ token: TOKEN }, {}]);
    expect(JSON.stringify(document)).not.toContain(TOKEN);
  });

  test('is not there unless it is written', () => {
    const { document, secrets } = load({});
    expect([document.check.http, secrets.checkHttp]).toEqual([[], []]);
  });

  test.each(['127.0.0.1:9001', '[::1]:9001', 'localhost:9001', '0.0.0.0:9001', '10.0.0.1:9001'])(
    'needs a token on %s, for a port says nothing of who asks',
    (listen) => {
      expect(problemsOf({ server: at(entry(listen)), env })).toEqual([
        `config/tollgate.yaml:3:17: check.http[0].token: ${NEEDED}`,
      ]);
    },
  );

  test('needs none on a unix socket, whose rights say who asks', () => {
    expect(problemsOf({ server: at(entry('unix:/run/t.sock')), env })).toEqual([]);
  });

  test.each(['SHORT', 'BLANK'])(
    'refuses a token that is too short or no header’s value (%s), unseen',
    (name) => {
      const server = at(entry('127.0.0.1:9001', `, token: "\${${name}}"`));
      const problems = problemsOf({ server, env });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain('check.http[0].token: expected 32 to 256 visible ASCII characters');
      expect(problems[0]).not.toContain(TOKEN.slice(1));
    },
  );

  test('refuses a token that is written where everybody reads it', () => {
    const problems = problemsOf({ server: at(entry('127.0.0.1:9001', `, token: ${TOKEN}`)), env });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('a secret is never written here');
    expect(problems[0]).not.toContain(TOKEN);
  });

  test('says everything that is wrong with every entrance', () => {
    const tls = ', token: "${TOKEN}", tls: { certificate: nowhere.pem, key: "${TOKEN}" }';
    const problems = problemsOf({ server: at(`${entry('127.0.0.1:1')}, ${entry('127.0.0.1:2', tls)}`), env });
    expect(problems.map((problem) => /check\.http\S+/.exec(problem)?.[0])).toEqual([
      'check.http[0].token:',
      'check.http[1].tls.certificate:',
      'check.http[1].tls.key:',
    ]);
  });
});
