/** Endpoints of ours below an API's own paths. */
export type EndpointName = 'me';

/** What the body of an endpoint may tell of whoever asks. */
export const ENDPOINT_HOLES = [
  'tier',
  'account.id',
  'key.id',
  'key.name',
  'key.created_at',
  'key.expires_at',
  'key.last_used_at',
  'credits.remaining',
  'credits.monthly_allowance',
  'credits.purchased',
  'limits.per_second',
  'limits.per_minute',
  'limits.per_hour',
  'limits.per_day',
] as const;

export type EndpointHole = (typeof ENDPOINT_HOLES)[number];

/** A piece of an endpoint's body: literal JSON text, or a value that only the request knows. */
export type EndpointPart = string | { readonly hole: EndpointHole };

/** An endpoint of one API, compiled from its configuration. Its place is among the API's routes. */
export interface OwnEndpoint {
  readonly body: readonly EndpointPart[];
}
