import type { Decision } from '../domain/decision.ts';
import type { Policy } from '../domain/policy.ts';
import type { AuthzRequest } from '../domain/request.ts';
import type { Clock, EndpointPlaces, OtherMethod } from '../ports.ts';
import { readClientAddress } from './pipeline/address.ts';
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
      const place = findPlace(policy, request);
      const name = place.route?.endpoint;
      if (place.route === undefined || name === undefined) {
        return findOtherMethod(policy, request) ?? place.denial?.code ?? 'not_found';
      }
      const { api, area } = place;
      return { api, area, name, clientAddress: readClientAddress(request, api.clientAddress) ?? '' };
    },
    refuse(request, code) {
      const { api, area } = findPlace(policy, request);
      return renderRefusal(code, {
        api,
        errors: api?.errors ?? policy.fallbackErrors,
        challenge: area?.challenge ?? '',
        decision: NOTHING_KNOWN,
        request,
        newRequestId: ports.newRequestId,
        wallMs: ports.clock.now().wallMs,
        credentialHeaders: policy.credentialHeaders,
      });
    },
  };
}

const ALLOW = { GET: 'GET, HEAD', POST: 'POST' } as const;

/** By another method than GET the endpoint about oneself is the upstream's. */
function findOtherMethod(policy: Policy, request: AuthzRequest): OtherMethod | undefined {
  for (const method of ['GET', 'POST'] as const) {
    const { api, route } = findPlace(policy, { ...request, method });
    const name = route?.endpoint;
    if (api !== undefined && name !== undefined && name !== 'me') return { api, name, allow: ALLOW[method] };
  }
  return undefined;
}
