import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';
import type { Actor } from '../../domain/audit.ts';
import { OperationRefused } from '../../domain/operations.ts';
import type { Operations } from '../../domain/operations.ts';
import { DependencyDown } from '../../ports.ts';
import { readBody } from './body.ts';
import { createLogin } from './login.ts';
import type { Login, LoginDeps, Operator } from './login.ts';
import { createOpenApiRoute } from './openapi.ts';
import { fromFault, statusOf, toProblemDetails } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Done, Route } from './route.ts';
import { ROUTES } from './routes.ts';

export interface AdminDeps extends LoginDeps {
  /** The operations on behalf of an operator. */
  readonly operations: (actor: Actor) => Operations;
  /** A new random UUID. */
  readonly newRequestId: () => string;
  /** Told of a bug, once, before the client gets its 500. */
  readonly onBug: (error: unknown) => void;
}

interface Admin extends AdminDeps {
  readonly login: Login;
}

/** Methods that mean something somewhere here; any other is not implemented (RFC 9110 §15.6.2), TRACE included. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Answers hold data and nothing that a browser could run, embed or keep. */
const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** The admin API: every path asks for an operator's token first, also those that do not exist. */
export function createAdminApp(deps: AdminDeps): Express {
  const admin: Admin = { ...deps, login: createLogin(deps) };
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.enable('case sensitive routing').enable('strict routing');
  app.set('query parser', 'simple');
  app.use((request, response, next) => {
    response.set({ ...HEADERS, 'x-request-id': deps.newRequestId() });
    if (METHODS.has(request.method)) next();
    else send(response, { code: 'not_implemented', detail: 'this method means nothing here' });
  });
  addRoutes(app, admin, [...ROUTES, createOpenApiRoute(ROUTES)]);
  app.use(guarded(admin, async () => NOWHERE));
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) =>
    send(response, toProblem(admin, error)),
  );
  return app;
}

const NOWHERE: Problem = { code: 'not_found', detail: 'there is nothing at this path' };

function addRoutes(app: Express, admin: Admin, routes: readonly Route[]): void {
  const byPath = Map.groupBy(routes, ({ path }) => path.replaceAll(/\{(\w+)\}/g, ':$1'));
  for (const [path, ofPath] of byPath) {
    const place = app.route(path);
    for (const route of ofPath) {
      place[route.method](
        guarded(admin, (operator, request, response) =>
          handle(admin, route, { operator, request, response }),
        ),
      );
    }
    const methods = ofPath.map(({ method }) => method.toUpperCase());
    const allow = (methods.includes('GET') ? [...methods, 'HEAD'] : methods).join(', ');
    const detail = `this path understands ${allow}`;
    place.all(
      guarded(admin, async () => ({ code: 'method_not_allowed', detail, headers: { allow } }) as const),
    );
  }
}

type Handler = (request: Request, response: Response) => Promise<void>;
type Answer = { readonly done: Done; readonly status: number } | Problem;

/** Lets operators in, and nobody else; whatever comes of it is sent. */
function guarded(
  admin: Admin,
  work: (operator: Operator, request: Request, response: Response) => Promise<Answer>,
): Handler {
  return async (request, response) => {
    try {
      const operator = await admin.login(request, requestIdOf(response));
      send(response, 'code' in operator ? operator : await work(operator, request, response));
    } catch (error) {
      send(response, toProblem(admin, error));
    }
  };
}

interface Exchange {
  readonly operator: Operator;
  readonly request: Request;
  readonly response: Response;
}

async function handle(
  admin: Admin,
  route: Route,
  { operator, request, response }: Exchange,
): Promise<Answer> {
  if (route.role === 'write' && operator.role !== 'write') return FORBIDDEN;
  const body = route.body === undefined ? { value: {} } : await readBody(request, response);
  if ('code' in body) return body;
  // A body may be seconds on its way: whoever is revoked meanwhile changes nothing any more.
  const still = route.body === undefined ? operator : await admin.login(request, requestIdOf(response));
  if ('code' in still) return still;
  const { params, query } = request;
  const done = await route.handle(admin.operations(operator.actor), { params, query, body: body.value });
  return 'code' in done ? done : { done, status: route.status };
}

const FORBIDDEN: Problem = {
  code: 'forbidden',
  detail: 'this operator may look and not change: it needs the role write',
  headers: { 'www-authenticate': 'Bearer realm="tollgate-admin", error="insufficient_scope"' },
};

/** What the client may know of an error: refusals in full, of a bug nothing. */
function toProblem(admin: Admin, error: unknown): Problem {
  if (error instanceof OperationRefused) return fromFault(error.fault, error.message);
  if (error instanceof DependencyDown)
    return fromFault('unavailable', 'the store does not answer: try again');
  if (error instanceof URIError) return { code: 'malformed', detail: 'the path has an escape that is none' };
  admin.onBug(error);
  return { code: 'internal_error', detail: 'something is wrong in Tollgate itself; its log says what' };
}

function send(response: Response, answer: Answer): void {
  if (response.headersSent || response.destroyed) return;
  if ('code' in answer) {
    const details = toProblemDetails(answer, requestIdOf(response));
    response.set(answer.headers ?? {}).status(statusOf(answer));
    response.type('application/problem+json').end(JSON.stringify(details));
    return;
  }
  const { value, location } = answer.done;
  if (location !== undefined) response.set('location', location);
  response.status(answer.status).type('application/json').end(JSON.stringify(value));
}

function requestIdOf(response: Response): string {
  return String(response.get('x-request-id'));
}
