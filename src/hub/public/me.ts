import type { EndpointHole, EndpointPart } from '../../domain/endpoint.ts';
import type { LimitState } from '../../domain/limit.ts';
import type { AccountView, KeyView } from '../../domain/operations.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../domain/time.ts';
import { toIsoInstant } from '../../lib/instant.ts';
import type { Inspection } from '../../ports.ts';
import { toJsonAnswer } from './answer.ts';
import type { Answer, Refusal } from './answer.ts';
import type { Asked, EndpointDeps } from './asked.ts';

/** What key holders ask about themselves: judged like every other request, spending nothing. */
export async function answerMe({ place, request }: Asked, deps: EndpointDeps): Promise<Answer | Refusal> {
  const { me } = place.api;
  const inspection = await deps.inspect(request);
  if (inspection.code !== 'ok') return { refuse: inspection.code };
  // Another API's or another account's names cannot come in here: they are the edge's, of the very key that was shown.
  const { api, keyId, account: id } = inspection;
  if (me === undefined || api !== place.api.name || keyId === '') return { refuse: 'not_found' };
  const [account, key] = await Promise.all([
    deps.operations.showAccount({ api, id }),
    deps.operations.showKey({ api, id: keyId }),
  ]);
  return toJsonAnswer(renderMe(me.body, { inspection, account, key }));
}

/** All that is known of a key and its account. */
interface KeyFacts {
  readonly inspection: Inspection;
  readonly account: AccountView;
  readonly key: KeyView;
}

/** The body, its members in the order of the configuration. */
function renderMe(body: readonly EndpointPart[], facts: KeyFacts): string {
  const values = toValues(facts);
  return body.map((part) => (typeof part === 'string' ? part : JSON.stringify(values[part.hole]))).join('');
}

type Values = Readonly<Record<EndpointHole, string | number | null>>;

/** The tier and the limits are those by which the key's checks are judged: the lower tier, the tighter limit. */
function toValues({ inspection, account, key }: KeyFacts): Values {
  const { limits } = inspection;
  return {
    tier: inspection.tier === '' ? null : inspection.tier,
    'account.id': account.id,
    'key.id': key.id,
    'key.name': key.name,
    'key.created_at': key.created_at,
    'key.expires_at': key.expires_at,
    'key.last_used_at': later(key.last_used_at, toSeconds(inspection.lastUsedMs)),
    'credits.remaining': account.credits.remaining,
    'credits.monthly_allowance': account.credits.monthly_allowance,
    'credits.purchased': account.credits.purchased,
    'limits.per_second': findCount(limits, SECOND_MS),
    'limits.per_minute': findCount(limits, MINUTE_MS),
    'limits.per_hour': findCount(limits, HOUR_MS),
    'limits.per_day': findCount(limits, DAY_MS),
  };
}

/** How many requests one key may make in a window, whoever counts them: its own limit or its account's; null: as many as it likes. */
function findCount(limits: readonly LimitState[], windowMs: number): number | null {
  const counts = limits.map(({ limit }) => limit).filter((limit) => limit.windowMs === windowMs);
  return counts.length === 0 ? null : Math.min(...counts.map(({ count }) => count));
}

/** Texts of this form sort as the times they stand for. */
function later(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return a > b ? a : b;
}

function toSeconds(wallMs: number | null): string | null {
  return wallMs === null ? null : `${toIsoInstant(wallMs).slice(0, 19)}Z`;
}
