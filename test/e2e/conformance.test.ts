import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startEnvoy } from '../../src/cli/envoy-process.ts';
import { partTitle, requirePart } from '../parts.ts';
import { createAuthority } from './certificates.ts';
import type { Identity } from './certificates.ts';
import { judgeGateway } from './conformance-run.ts';
import { GATEWAY_TOKEN } from './gateway-app.ts';
import type { Gateway, GatewayPlace } from './gateways/gateway.ts';

const envoy = await requirePart('envoy');
const part = 'missing' in envoy ? envoy : await requirePart('openssl');
const binary = 'found' in envoy ? envoy.found : '';
const GRPC = new URL('../../envoy.yaml', import.meta.url);
const HTTP = new URL('../../deploy/envoy-http.yaml', import.meta.url);
/** Hundreds of requests, one after another. */
const RUN_MS_MAX = 180_000;

/** Text of a recipe, and what stands there instead. */
type Mistake = readonly [right: RegExp, wrong: string];

const FAIL_OPEN: Mistake = [/failure_mode_allow: false/, 'failure_mode_allow: true'];
const KEEP_IDENTITIES: Mistake = [/\n +allowed_upstream_headers:\n +patterns:(?:\n +- \{ exact: .*)+/, ''];
const HIDE_LIMITS: Mistake = [/\n +allowed_client_headers_on_success:\n.*\n.*/, ''];
const WITHHOLD_HEADERS: Mistake = [/\n +allowed_headers: .*/, ''];

const NAME = 'gateway.internal';

/** No mistake, but the same listener behind TLS. */
function behindTls({ certificate, key }: Identity): Mistake {
  const config = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    common_tls_context: {
      alpn_protocols: ['h2', 'http/1.1'],
      tls_certificates: [{ certificate_chain: { filename: certificate }, private_key: { filename: key } }],
    },
  };
  const socket = JSON.stringify({ name: 'envoy.transport_sockets.tls', typed_config: config });
  return [/(?<=\n {6}filter_chains:\n {8}- )(?=filters:)/, `transport_socket: ${socket}\n          `];
}

function startWith(recipe: URL, mistakes: readonly Mistake[] = []) {
  return async ({ token, ...place }: GatewayPlace): Promise<Gateway> => {
    let text = await readFile(recipe, 'utf8');
    for (const [right, wrong] of mistakes) {
      expect(text).toMatch(right);
      text = text.replace(right, wrong);
    }
    const ports = {
      listen: 0,
      admin: 0,
      authz: place.authzPort,
      app: place.appPort,
      public: place.publicPort,
    };
    const env = { TOLLGATE_GATEWAY_TOKEN: token };
    const started = await startEnvoy({ binary: place.binary, recipe: text, ports, env });
    return { port: Number(new URL(started.baseUrl).port), stop: () => started.stop() };
  };
}

describe.skipIf('missing' in part)(partTitle('tollgate conformance, on a real Envoy', part), () => {
  test('with the repository’s recipe loses nothing', { timeout: RUN_MS_MAX }, async () => {
    const { code, report, err } = await judgeGateway(binary, startWith(GRPC), ['--recipe', 'envoy']);
    expect(report?.losses).toEqual([]);
    expect({ code, sent: report?.sent, unneeded: report?.exceptions_not_seen }).toMatchObject({
      code: 0,
      sent: { cases: expect.any(Number), attacks: expect.any(Number), outages: 2 },
      unneeded: [],
    });
    expect(report?.sent.cases).toBeGreaterThan(500);
    expect(report?.sent.attacks).toBeGreaterThan(120);
    expect(report?.exceptions_held).toBeGreaterThan(20);
    expect(report?.tollgate_errors).toEqual([]);
    expect(err).not.toContain(GATEWAY_TOKEN);
  });

  test('with the recipe behind TLS loses nothing', { timeout: RUN_MS_MAX }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tollgate-judged-tls-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const authority = await createAuthority(folder, 'authority');
    const own = await authority.issue({ name: 'gateway', altNames: `DNS:${NAME}` });
    const start = async (place: GatewayPlace): Promise<Gateway> => ({
      ...(await startWith(GRPC, [behindTls(own)])(place)),
      scheme: 'https',
    });
    const flags = ['--recipe', 'envoy', '--gateway-ca', authority.certificate, '--gateway-name', NAME];
    const { code, report, err } = await judgeGateway(binary, start, flags);
    expect(err).not.toMatch(/^error/m);
    expect(report).toMatchObject({ losses: [], exceptions_not_seen: [], sent: { outages: 2 } });
    expect(report?.gateway).toMatch(/^https:/);
    expect(report?.sent.cases).toBeGreaterThan(500);
    expect(code).toBe(0);
  });

  test('with three mistakes tells those three, the worst first', { timeout: RUN_MS_MAX }, async () => {
    const start = startWith(HTTP, [FAIL_OPEN, KEEP_IDENTITIES, HIDE_LIMITS]);
    const { code, report } = await judgeGateway(binary, start, ['--recipe', 'envoy-http']);
    const [open] = report?.losses ?? [];
    expect(open).toMatchObject({
      severity: 'let through',
      cure: { rules: expect.arrayContaining(['envoy-fail-open']) },
    });
    expect(report?.losses.map(({ what }) => what)).toEqual([
      'requests are let through while Tollgate does not decide',
      'forged identities reach the application: x-account-id, x-key-id, x-organization-id, x-tier',
      'the application does not get the identity: x-account-id, x-key-id, x-organization-id, x-tier',
      'headers are missing on answers that pass: ratelimit, ratelimit-policy, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset',
    ]);
    expect(code).toBe(1);
  });

  test('that shows Tollgate only some headers names the list to write', { timeout: RUN_MS_MAX }, async () => {
    const start = startWith(HTTP, [WITHHOLD_HEADERS]);
    const { code, report } = await judgeGateway(binary, start, ['--recipe', 'envoy-http']);
    const stopped = report?.losses.find(({ what }) => what === 'requests that must pass are answered 401');
    expect(stopped?.cure?.rules).toContain('envoy-http-allowed-headers');
    // A key beside a session's token: of the two Tollgate sees one.
    expect(report?.losses[0]?.cases).toContain(
      'freddy-tokens: a key and a token of its own together are refused',
    );
    expect(code).toBe(1);
  });
});
