import type { RefusalCode } from '../domain/decision.ts';
import type { RowText } from '../edge/render/json-template.ts';
import { REFUSAL_CODES, STATUS } from '../edge/render/status.ts';
import type { ApiSections } from './schema/api.ts';
import type { ErrorsSection } from './schema/errors.ts';

type Reach = Pick<ApiSections, 'areas' | 'billing'>;

/** Refusals that only some APIs can answer with, and what makes it possible. */
const CONDITIONS: Readonly<Partial<Record<RefusalCode, (api: Reach) => boolean>>> = {
  trial_not_started: ({ billing }) => billing,
  trial_expired: ({ billing }) => billing,
  subscription_inactive: ({ billing }) => billing,
  permission_missing: (api) => listRoutes(api).some(({ needs }) => needs.permission !== undefined),
  feature_missing: (api) => listRoutes(api).some(({ needs }) => needs.feature !== undefined),
  role_missing: (api) => listRoutes(api).some(({ needs }) => needs.role !== undefined),
  insufficient_credits: (api) => listRoutes(api).some(({ credits }) => credits > 0),
};

function listRoutes({ areas }: Reach): ApiSections['areas'][number]['routes'] {
  return areas.flatMap(({ routes }) => routes);
}

/** Every refusal that the API can answer with: each needs a row. */
export function listReachableCodes(api: Reach): readonly RefusalCode[] {
  return REFUSAL_CODES.filter((code) => CONDITIONS[code]?.(api) ?? true);
}

/**
 * What a refusal says, with what its row takes over by `same_as`; undefined where the table has no such row.
 * Details are taken over member by member.
 */
export function findRow(errors: ErrorsSection, code: RefusalCode): RowText | undefined {
  const row = errors[code];
  if (row === undefined) return undefined;
  const base = row.same_as === undefined ? undefined : errors[row.same_as];
  return {
    status: row.status ?? base?.status ?? STATUS[row.same_as ?? code],
    code: row.code ?? base?.code ?? '',
    message: row.message ?? base?.message ?? '',
    details: { ...base?.details, ...row.details },
  };
}
