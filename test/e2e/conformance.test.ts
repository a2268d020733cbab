import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { startEnvoy } from '../../src/cli/envoy-process.ts';
import { partTitle, requirePart } from '../parts.ts';
import { judgeGateway } from './conformance-run.ts';
import { GATEWAY_TOKEN } from './gateway-app.ts';
import type { Gateway, GatewayPlace } from './gateways/gateway.ts';

const part = await requirePart('envoy');
const binary = 'found' in part ? part.found : '';
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
    const envoy = await startEnvoy({ binary: place.binary, recipe: text, ports, env });
    return { port: Number(new URL(envoy.baseUrl).port), stop: () => envoy.stop() };
  };
}

describe.skipIf('missing' in part)(partTitle('tollgate conformance, on a real Envoy', part), () => {
  test('with the repository’s recipe loses nothing', { timeout: RUN_MS_MAX }, async () => {
    const { code, report, err } = await judgeGateway(binary, startWith(GRPC), ['--recipe', 'envoy']);
    expect(report?.losses).toEqual([]);
    expect({ code, sent: report?.sent, unneeded: report?.exceptions_not_needed }).toMatchObject({
      code: 0,
      sent: { cases: expect.any(Number), attacks: expect.any(Number), outages: 2 },
      unneeded: [],
    });
    expect(report?.sent.cases).toBeGreaterThan(500);
    expect(report?.sent.attacks).toBeGreaterThan(120);
    expect(report?.tollgate_errors).toEqual([]);
    expect(err).not.toContain(GATEWAY_TOKEN);
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
