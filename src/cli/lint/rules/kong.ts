import type { LintRule } from '../rule.ts';

const TRANSFORMED =
  'Kong runs the transformer behind the check: it would overwrite who Tollgate found the client to be.';
const TRANSFORM_CHANGE = "leave Tollgate's identity headers out of the transformer";

/** Of a declarative configuration of Kong 3 with the plugin of `deploy/kong`. */
export const KONG_RULES: readonly LintRule[] = [
  {
    id: 'kong-unchecked-service',
    on: 'kong unchecked service',
    severity: 'unsafe',
    at: [],
    expect: { never: true },
    why: 'Requests for this service, or for one of its routes, are not checked.',
    change: 'plugins: [{ name: tollgate, config: { … } }] on the service, or for all',
  },
  {
    id: 'kong-disabled',
    on: 'kong plugin',
    severity: 'unsafe',
    at: ['enabled'],
    expect: { is: [true, undefined] },
    why: 'No request is checked.',
    change: 'enabled: true',
  },
  {
    id: 'kong-protocols',
    on: 'kong plugin',
    severity: 'unsafe',
    at: ['protocols'],
    expect: { absent: true },
    why: 'Requests by other protocols go unchecked.',
    change: 'remove protocols',
  },
  {
    id: 'kong-token',
    on: 'kong plugin',
    severity: 'unsafe',
    at: ['config', 'token'],
    expect: { matches: /^\{vault:\/\// },
    why: "Tollgate's listener takes the word of whoever shows the gateway's token, which does not belong into a file that people share.",
    change: "token: '{vault://env/tollgate-gateway-token}'",
  },
  {
    id: 'kong-timeout',
    on: 'kong plugin',
    severity: 'mute',
    at: ['config', 'timeout'],
    expect: { outlastsBudget: { atMostMs: 5_000 }, orAbsent: true },
    why: "Tollgate refuses in the API's words when its budget is used up; a shorter time-out is faster and mute, a long one lets requests pile up.",
    change: 'timeout: 500',
  },
  {
    id: 'kong-other-credentials',
    on: 'kong other credential plugin',
    severity: 'mute',
    at: [],
    expect: { never: true },
    why: 'It refuses before Tollgate is asked, in words of its own, and may take the credential out of the request.',
    change: 'remove the plugin where Tollgate checks',
  },
  {
    id: 'kong-other-limits',
    on: 'kong other limit plugin',
    severity: 'mute',
    at: [],
    expect: { never: true },
    why: 'It sends limit headers under the same names, and refuses requests whose credits are spent already.',
    change: "set the limits in Tollgate's tiers",
  },
  ...['add', 'append', 'replace', 'rename'].map((action): LintRule => ({
    id: `kong-transformer-${action}`,
    on: 'kong transformer',
    severity: 'unsafe',
    at: ['config', action, 'headers', '*'],
    expect: { spares: 'identity headers' },
    why: TRANSFORMED,
    change: TRANSFORM_CHANGE,
  })),
];
