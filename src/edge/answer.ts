import type { Decision } from '../domain/decision.ts';
import type { Policy } from '../domain/policy.ts';
import type { Reply } from '../domain/reply.ts';
import type { AuthzRequest, GatewayName } from '../domain/request.ts';
import type { Now } from '../domain/time.ts';
import type { Clock, Eventually, Inspection } from '../ports.ts';
import { authorize, inspect } from './pipeline/authorize.ts';
import type { AuthorizePorts, Check } from './pipeline/authorize.ts';
import { andThen } from './pipeline/eventually.ts';
import { findPlace } from './pipeline/route.ts';
import type { Place } from './pipeline/route.ts';
import { renderReply } from './render/render.ts';
import { refusalOf } from './render/status.ts';

export interface AnswerPorts extends AuthorizePorts {
  readonly clock: Clock;
  /** A new random UUID. */
  readonly newRequestId: () => string;
  /** Told of every answered check. */
  readonly observe: (decision: Decision, reply: Reply, now: Now, gateway: GatewayName) => void;
  /** Told of a bug, once, before the client gets its 500. */
  readonly onBug: (error: unknown) => void;
}

export interface Service {
  /** The whole answer to one check. Throws, or rejects, only where not even a refusal can be rendered: the gateway then gets an error of its protocol. */
  answer(request: AuthzRequest): Eventually<Reply>;
  /** The outage in the API's words, decided without looking at the credential: for checks that there is no room for. */
  refuse(request: AuthzRequest): Reply;
  /** What the pipeline says of a request, up to the limits; spends nothing. */
  inspect(request: AuthzRequest): Eventually<Inspected>;
}

/** An inspection as the pipeline knows it. */
export interface Inspected extends Omit<Inspection, 'lastUsedMs'> {
  /** The store's number of the key; 0 where it is not known or has none. */
  readonly keyRow: number;
}

export function createService(policy: Policy, ports: AnswerPorts): Service {
  return {
    answer(request) {
      const check = { request, now: ports.clock.now(), place: findPlace(policy, request) };
      const decision = decide(check, ports);
      if (!(decision instanceof Promise)) return reply(policy, check, { decision, ports });
      return decision.then(
        (known) => reply(policy, check, { decision: known, ports }),
        (error: unknown) => reply(policy, check, { decision: toBug(error, ports), ports }),
      );
    },
    refuse(request) {
      const check = { request, now: ports.clock.now(), place: findPlace(policy, request) };
      return reply(policy, check, { decision: { kind: 'outage', dependency: 'capacity' }, ports });
    },
    inspect(request) {
      const place = findPlace(policy, request);
      const decision = inspect({ request, place, now: ports.clock.now() }, ports);
      return andThen(decision, (known) => toInspection(known, place));
    },
  };
}

function toInspection(decision: Decision, { api }: Place): Inspected {
  return {
    keyRow: decision.principal?.keyRow ?? 0,
    code: refusalOf(decision) ?? 'ok',
    api: api?.name ?? '',
    credential: decision.principal?.credential ?? '',
    sessionId: decision.principal?.sessionId ?? '',
    keyId: decision.principal?.keyId ?? '',
    account: decision.principal?.account.id ?? '',
    tier: decision.tier?.name ?? '',
    limits: decision.limits ?? [],
  };
}

/** A bug in the pipeline becomes a decision, so that the client gets the API's own 500; so does one in a promise, where that ends. */
function decide(check: Check, ports: AnswerPorts): Eventually<Decision> {
  try {
    return authorize(check, ports);
  } catch (error) {
    return toBug(error, ports);
  }
}

function toBug(error: unknown, ports: AnswerPorts): Decision {
  ports.onBug(error);
  return { kind: 'bug' };
}

function reply(
  policy: Policy,
  { request, place, now }: Check,
  { decision, ports }: { readonly decision: Decision; readonly ports: AnswerPorts },
): Reply {
  const rendered = renderReply({
    api: place.api,
    errors: place.api?.errors ?? policy.fallbackErrors,
    challenge: place.area?.challenge ?? '',
    decision,
    request,
    newRequestId: ports.newRequestId,
    wallMs: now.wallMs,
    credentialHeaders: policy.credentialHeaders,
  });
  ports.observe(decision, rendered, now, request.gateway);
  return rendered;
}
