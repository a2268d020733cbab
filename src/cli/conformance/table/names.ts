/*
 * Names under which something could pass for an identity or a credential at an application: frameworks read every character
 * but letters and digits as the same one.
 */

/** In lower case, with dashes. */
export interface WatchedNames {
  readonly credentials: readonly string[];
  readonly identities: readonly string[];
}

/** What Tollgate and the documented APIs use. */
export const USUAL_NAMES: WatchedNames = {
  credentials: ['authorization', 'x-api-key', 'api-key'],
  identities: ['x-account-id', 'x-key-id', 'x-tier', 'x-organization-id'],
};

/** The usual names, and those that an API has of its own. */
export function withNames({ credentials, identities }: WatchedNames): WatchedNames {
  return {
    credentials: [...USUAL_NAMES.credentials, ...credentials.map(toPlain)],
    identities: [...USUAL_NAMES.identities, ...identities.map(toPlain)],
  };
}

export function isCredentialName(name: string, names = USUAL_NAMES): boolean {
  return names.credentials.includes(toPlain(name));
}

export function isIdentityName(name: string, names = USUAL_NAMES): boolean {
  return names.identities.includes(toPlain(name));
}

function toPlain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
}
