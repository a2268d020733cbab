import type { IncomingMessage } from 'node:http';
import type { Operations } from '../../domain/operations.ts';
import type { PlainRequest } from '../../domain/request.ts';
import type { Clock, Edge, EndpointPlace } from '../../ports.ts';
import type { FailedLogins } from '../http/failed-logins.ts';
import type { SessionEngine } from '../sessions/engine.ts';
import type { Answer, Refusal } from './answer.ts';
import type { ExchangeRate } from './exchange-rate.ts';

/** One request for an endpoint of ours. */
export interface Asked {
  readonly place: EndpointPlace;
  /** As a check would describe it. */
  readonly request: PlainRequest;
  readonly message: IncomingMessage;
}

/** What endpoints answer with. */
export interface EndpointDeps {
  readonly inspect: Edge['inspect'];
  readonly operations: Pick<Operations, 'showAccount' | 'showKey' | 'showSession'>;
  readonly sessions: SessionEngine;
  /** Wrong keys and wrong tokens. */
  readonly failures: FailedLogins;
  readonly exchanges: ExchangeRate;
  readonly clock: Clock;
}

export type Handler = (asked: Asked, deps: EndpointDeps) => Promise<Answer | Refusal>;
