export const ENDPOINT_NAMES = [
  'me',
  'session_create',
  'session_refresh',
  'session_logout',
  'oauth_token',
  'oauth_revoke',
  'oauth_metadata',
  'jwks',
] as const;

/** Endpoints of ours below an API's hosts. */
export type EndpointName = (typeof ENDPOINT_NAMES)[number];

/** The one method that each answers to; to GET also HEAD. */
export const ENDPOINT_METHODS: Readonly<Record<EndpointName, 'GET' | 'POST'>> = {
  me: 'GET',
  session_create: 'POST',
  session_refresh: 'POST',
  session_logout: 'POST',
  oauth_token: 'POST',
  oauth_revoke: 'POST',
  oauth_metadata: 'GET',
  jwks: 'GET',
};

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

/** What an answer about a session may tell. */
export const SESSION_HOLES = [
  'access_token',
  'token_type',
  'expires_in',
  'refresh_token',
  'refresh_expires_in',
  'scope',
  'session.id',
] as const;

export type SessionHole = (typeof SESSION_HOLES)[number];

export type SessionPart = string | { readonly hole: SessionHole };

/** Everything with which an API's keys become sessions; compiled from its configuration. */
export interface SessionEndpoints {
  /** Where each endpoint is that the API has, host-absolute. */
  readonly paths: Readonly<Partial<Record<EndpointName, string>>>;
  /** The answers in the API's own words; empty where it has no such endpoint. */
  readonly createBody: readonly SessionPart[];
  readonly refreshBody: readonly SessionPart[];
  /** '': the answer has no body. */
  readonly logoutBody: string;
}
