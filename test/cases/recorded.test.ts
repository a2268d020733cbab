import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CheckResponse } from '@envoyproxy/ext-authz-types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reply } from '../../src/domain/reply.ts';
import { fromCheckRequest } from '../../src/edge/gateway/envoy-grpc/request.ts';
import { toCheckResponse } from '../../src/edge/gateway/envoy-grpc/response.ts';
import { DOCUMENTED, startCaseApp } from './app.ts';
import type { CaseApp } from './app.ts';

/*
 * What a real Envoy sent, judged by the real configuration. The recordings name an API of their own (`truedy-public`),
 * so each is judged twice: as it is, and as if the gateway named none. Every key in them is made up: nothing may pass.
 */
const FIXTURES = fileURLToPath(new URL('../fixtures/envoy/', import.meta.url));

/** What each refusal is, where it is not the 401 for a made-up key. */
const WORTH_A_LOOK: Readonly<Record<string, Reply['code']>> = {
  // Another host than any API's: its own, two at once, none.
  'absolute-form.soft': 'not_found',
  'host-comma.soft': 'not_found',
  'host-comma.soft-joined': 'not_found',
  'host-empty.soft': 'not_found',
  // Outside every area, although the host is right.
  'grpc-client': 'not_found',
  // Two readings, or no path at all.
  connect: 'request_ambiguous',
  'odd-path-backslash.soft': 'request_ambiguous',
  'odd-path-dot-segments.soft': 'request_ambiguous',
  'odd-path-double-slash.soft': 'request_ambiguous',
  'odd-path-encoded-dots.soft': 'request_ambiguous',
  'odd-path-encoded-nul.soft': 'request_ambiguous',
  'odd-path-encoded-slash.soft': 'request_ambiguous',
  'odd-path-semicolon.soft': 'request_ambiguous',
  // No credential where this API looks for one: none, empty, another scheme, another header, the query, an alias.
  'no-credential': 'credential_missing',
  'no-credential.joined': 'credential_missing',
  'empty-authorization': 'credential_missing',
  'basic-authorization': 'credential_missing',
  'options-no-origin': 'credential_missing',
  'options-preflight-foreign-origin': 'credential_missing',
  'key-in-query': 'credential_missing',
  'underscore-header.soft': 'credential_missing',
  'api-key': 'credential_missing',
  'api-key.joined': 'credential_missing',
  'comma-in-x-api-key': 'credential_missing',
  'comma-in-x-api-key.joined': 'credential_missing',
  'http2-cookie-crumbs': 'credential_missing',
  'http2-cookie-crumbs.joined': 'credential_missing',
  'two-x-api-key-lines': 'credential_missing',
  'two-x-api-key-lines.joined': 'credential_missing',
  'x-api-key-odd-case': 'credential_missing',
  'x-api-key-odd-case.joined': 'credential_missing',
};

let started: CaseApp;
beforeAll(async () => {
  started = await startCaseApp(DOCUMENTED, Date.parse('2026-02-04T12:00:00Z'));
});
afterAll(() => started.stop());

async function judge(file: string, namedApi?: string): Promise<Reply> {
  const recorded = fromCheckRequest(readFileSync(file));
  const request = namedApi === undefined ? recorded : { ...recorded, namedApi };
  const reply = await started.app.answer?.(request);
  if (reply === undefined) throw new Error('the edge is not in this thread');
  expect(CheckResponse.decode(toCheckResponse(reply, request)).status?.code).not.toBe(0);
  return reply;
}

describe('a recorded request', () => {
  const files = globSync(`${FIXTURES}*.bin`).sort();

  test('is there for every row of the table', () => {
    const names = files.map((file) => basename(file, '.bin'));
    expect(names).toHaveLength(68);
    expect(Object.keys(WORTH_A_LOOK).filter((name) => !names.includes(name))).toEqual([]);
  });

  test.each(files.map((file) => [basename(file, '.bin'), file]))(
    '%s is refused for the right reason',
    async (name, file) => {
      expect((await judge(file, '')).code).toBe(WORTH_A_LOOK[name] ?? 'credential_invalid');
      const named = (await judge(file)).code;
      expect(['not_found', 'request_ambiguous', WORTH_A_LOOK[name] ?? 'credential_invalid']).toContain(named);
    },
  );

  test('none was a bug or an outage', () => {
    expect(started.errors).toEqual([]);
  });
});
