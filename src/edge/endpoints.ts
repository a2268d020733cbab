import type { Decision } from '../domain/decision.ts';
import type { Policy } from '../domain/policy.ts';
import type { Clock, EndpointPlaces } from '../ports.ts';
import { readRequestId } from './answer.ts';
import { findPlace } from './pipeline/route.ts';
import { renderRefusal } from './render/render.ts';

export interface EndpointPorts {
  readonly clock: Clock;
  /** A new random UUID. */
  readonly newRequestId: () => string;
}

/** Who asks was decided elsewhere: neither a name nor limits go with the refusal. */
const NOTHING_KNOWN: Decision = { kind: 'bug' };

export function createEndpointPlaces(policy: Policy, ports: EndpointPorts): EndpointPlaces {
  return {
    find(request) {
      const { api, route, denial } = findPlace(policy, request);
      if (denial !== undefined) return denial.code;
      return route.endpoint === undefined ? 'not_found' : { api, name: route.endpoint };
    },
    refuse(request, code) {
      const { api, area } = findPlace(policy, request);
      return renderRefusal(code, {
        api,
        errors: api?.errors ?? policy.fallbackErrors,
        challenge: area?.challenge ?? '',
        decision: NOTHING_KNOWN,
        request,
        requestId: readRequestId(request) ?? ports.newRequestId(),
        wallMs: ports.clock.now().wallMs,
        credentialHeaders: policy.credentialHeaders,
      });
    },
  };
}
