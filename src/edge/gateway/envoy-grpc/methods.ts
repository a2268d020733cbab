import { AuthorizationService } from '@envoyproxy/ext-authz-types';
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  HealthService,
} from '@envoyproxy/ext-authz-types/health';
import type { Reply } from '../../../domain/reply.ts';
import type { AuthzRequest } from '../../../domain/request.ts';
import { GRPC } from '../../../lib/grpc-code.ts';
import { GrpcError } from './grpc-error.ts';
import { ANSWER_MS_MAX } from './limits.ts';
import { fromCheckRequest } from './request.ts';
import { toCheckResponse } from './response.ts';
import type { Method, Methods } from './transport.ts';
import { Waiting } from '../../../lib/waiting.ts';

export type Answer = (request: AuthzRequest) => Reply | Promise<Reply>;

export interface MethodsOptions {
  readonly answer: Answer;
  /** The outage in the words of the request's API, decided without its credential: a check that there is no room for must cost little. */
  readonly refuse: (request: AuthzRequest) => Reply;
  /** Told of every exception that nobody meant; the caller gets INTERNAL and nothing of its text. */
  readonly onBug: (error: unknown) => void;
  readonly isServing: () => boolean;
  /** Whether new checks must be refused because those before them are not done. */
  readonly isBehind: () => boolean;
  /** Checks that may wait for an answer at once. */
  readonly checksMax: number;
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number;
}

/** The two methods of the listener: `Authorization/Check` and `Health/Check`. Health is answered however much there is to do. */
export function createMethods(options: MethodsOptions): Methods {
  const toFailure = (error: unknown): GrpcError => {
    if (error instanceof GrpcError) return error;
    options.onBug(error);
    return new GrpcError(GRPC.internal, 'internal error');
  };
  return new Map<string, Method>([
    [AuthorizationService.check.path, guarded(createCheck(options, toFailure), toFailure)],
    [HealthService.check.path, guarded(createHealth(options.isServing), toFailure)],
  ]);
}

/** Here a bug ends as one failed call, which no gateway takes for an allow. */
type ToFailure = (error: unknown) => GrpcError;

/** What it promises rejects with a `GrpcError`; what it throws may be anything. */
function createCheck(
  { answer, refuse, isBehind, checksMax, nowMs }: MethodsOptions,
  fail: ToFailure,
): Method {
  const waiting = new Waiting(nowMs);
  const finish = (reply: Promise<Reply>, request: AuthzRequest): Promise<Uint8Array> =>
    waiting.within(reply, Math.min(request.timeoutMs ?? Infinity, ANSWER_MS_MAX), {
      // A promised answer is read later: others may be made before.
      finish: (given) => Buffer.from(toCheckResponse(given ?? refuse(request), request)),
      fail,
    });
  return (message, { timeoutMs }) => {
    const request = readCheck(message, timeoutMs);
    if (waiting.count >= checksMax || isBehind()) return toCheckResponse(refuse(request), request);
    const reply = answer(request);
    return reply instanceof Promise ? finish(reply, request) : toCheckResponse(reply, request);
  };
}

/** The whole server under '', and the one service that gateways ask for by name. */
const HEALTH_SERVICES: ReadonlySet<string> = new Set(['', 'envoy.service.auth.v3.Authorization']);

function createHealth(isServing: () => boolean): Method {
  const serving = toHealth(HealthCheckResponse_ServingStatus.SERVING);
  const notServing = toHealth(HealthCheckResponse_ServingStatus.NOT_SERVING);
  return (message) => {
    const { service } = readHealthCheck(message);
    if (!HEALTH_SERVICES.has(service)) throw new GrpcError(GRPC.notFound, 'unknown service');
    return isServing() ? serving : notServing;
  };
}

function toHealth(status: HealthCheckResponse_ServingStatus): Uint8Array {
  return HealthCheckResponse.encode({ status }).finish();
}

/** Whatever a reader throws, the bytes are to blame: it sees nothing else. */
const UNDECODABLE = 'undecodable message';

function readCheck(message: Uint8Array, timeoutMs: number): AuthzRequest {
  try {
    return fromCheckRequest(message, timeoutMs);
  } catch {
    throw new GrpcError(GRPC.invalidArgument, UNDECODABLE);
  }
}

function readHealthCheck(message: Uint8Array): HealthCheckRequest {
  try {
    return HealthCheckRequest.decode(message);
  } catch {
    throw new GrpcError(GRPC.invalidArgument, UNDECODABLE);
  }
}

/** The outermost frame of a call, as far as it gives its answer at once. */
function guarded(method: Method, toFailure: ToFailure): Method {
  return (message, call) => {
    try {
      return method(message, call);
    } catch (error) {
      throw toFailure(error);
    }
  };
}
