import { describe, expect, test } from 'vitest';
import type { Api } from '../../../../src/domain/policy.ts';
import { dropsIdentity } from '../../../../src/edge/pipeline/hop-by-hop.ts';
import { requestOf } from './request.ts';

const api = { upstream: [{ name: 'x-account-id', value: 'account.id' }] } as unknown as Api;

describe('a connection header', () => {
  test.each([
    ['Upgrade, X-Account-Id', true],
    ['x-account-id', true],
    ['close,\tx-ACCOUNT-id ,', true],
    ['Upgrade', false],
    ['Upgrade, x-other, x-account-ids', false],
    ['', false],
  ])('%j asks for an identity to be dropped: %s', (connection, drops) => {
    expect(dropsIdentity(api, requestOf({ headers: [['connection', connection]] }).headers)).toBe(drops);
  });

  test('counts on every line, and none is none', () => {
    const lines: [string, string][] = [
      ['connection', 'Upgrade'],
      ['connection', 'x-account-id'],
    ];
    expect(dropsIdentity(api, requestOf({ headers: lines }).headers)).toBe(true);
    expect(dropsIdentity(api, requestOf({}).headers)).toBe(false);
  });
});
