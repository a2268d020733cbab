import * as z from 'zod';
import { nothing, ANSWERS } from './schemas.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The route that answers the description of these routes and of itself. */
export function createOpenApiRoute(routes: readonly Route[]): Route {
  const own: Route = route({
    method: 'get',
    path: '/openapi.json',
    name: 'describe',
    summary: 'This description.',
    role: 'read',
    params: nothing,
    query: nothing,
    status: 200,
    answer: 'OpenApi',
    run: async () => ({ value: document }),
  });
  const document = toOpenApi([...routes, own]);
  return own;
}

/** OpenAPI 3.1 (its schemas are JSON Schema 2020-12), made of what judges the requests. */
function toOpenApi(routes: readonly Route[]): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const each of routes) (paths[each.path] ??= {})[each.method] = describe(each);
  return {
    openapi: '3.1.1',
    info: { title: 'Tollgate admin API', version: '1' },
    security: [{ operator: [] }],
    paths,
    components: {
      securitySchemes: {
        operator: { type: 'http', scheme: 'bearer', description: 'A token of `tollgate operators create`.' },
      },
      schemas: Object.fromEntries(
        Object.entries(ANSWERS).map(([name, schema]) => [name, toJsonSchema(schema, 'output')]),
      ),
    },
  };
}

function describe({ name, summary, role, params, query, body, status, answer }: Route): JsonObject {
  return {
    operationId: name,
    summary,
    description: `For operators with the role ${role === 'read' ? 'read or write' : 'write'}.`,
    parameters: [...toParameters(params, 'path'), ...toParameters(query, 'query')],
    ...(body === undefined ? {} : { requestBody: describeBody(body) }),
    responses: {
      [status]: {
        description: 'Done.',
        content: { 'application/json': { schema: { $ref: `#/components/schemas/${answer}` } } },
      },
      default: {
        description: 'Refused: problem details (RFC 9457).',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function describeBody(body: z.ZodObject): JsonObject {
  const required = !body.safeParse({}).success;
  return { required, content: { 'application/json': { schema: toJsonSchema(body, 'input') } } };
}

function toParameters(schema: z.ZodObject, place: 'path' | 'query'): readonly JsonObject[] {
  return Object.entries(schema.shape).map(([name, value]) => ({
    name,
    in: place,
    required: place === 'path',
    // What a parameter stands for, not the text that carries it.
    schema: toJsonSchema(value, 'output'),
  }));
}

function toJsonSchema(schema: z.core.$ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return rest;
}
