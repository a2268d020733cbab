/*
 * Names under which something could pass for an identity or a credential at an application: frameworks read every character
 * but letters and digits as the same one.
 */

const CREDENTIALS: ReadonlySet<string> = new Set([
  'x-workshop-key',
  'x-inner-key',
  'authorization',
  'x-api-key',
  'api-key',
]);
const IDENTITIES: ReadonlySet<string> = new Set([
  'x-account-id',
  'x-key-id',
  'x-tier',
  'x-organization-id',
  'x-caller',
  'x-api',
]);

export function isCredentialName(name: string): boolean {
  return CREDENTIALS.has(toPlain(name));
}

export function isIdentityName(name: string): boolean {
  return IDENTITIES.has(toPlain(name));
}

function toPlain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
}
