import type { RefusalCode } from '../domain/decision.ts';
import type { EndpointName } from '../domain/endpoint.ts';
import type { Api, Policy } from '../domain/policy.ts';
import type { Reply } from '../domain/reply.ts';
import type { AuthzRequest } from '../domain/request.ts';
import type { Clock } from '../ports.ts';
import { readRequestId } from './answer.ts';
import { findPlace } from './pipeline/route.ts';
import { renderRefusal } from './render/render.ts';

/** What our own endpoints need of the policy, wherever they run: where they are, and how their API refuses. */
export interface EndpointPlaces {
  /** The endpoint at which a request is aimed, or why it is aimed at none of ours, whatever else may be there. */
  find(request: AuthzRequest): EndpointPlace | RefusalCode;
  /** The refusal in the words and headers of the request's API, as a check would get it. */
  refuse(request: AuthzRequest, code: RefusalCode): Reply;
}

export interface EndpointPlace {
  readonly api: Api;
  readonly name: EndpointName;
}

export interface EndpointPorts {
  readonly clock: Clock;
  /** A new random UUID. */
  readonly newRequestId: () => string;
}

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
        decision: { kind: 'bug' },
        request,
        requestId: readRequestId(request) ?? ports.newRequestId(),
        wallMs: ports.clock.now().wallMs,
        credentialHeaders: policy.credentialHeaders,
      });
    },
  };
}
