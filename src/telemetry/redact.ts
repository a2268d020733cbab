/** Names of fields that hold credentials wherever they appear, compared without case, `-`, `_` and `.`. */
const SECRET_NAMES =
  /authorization|cookie|apikey|accesskey|secret|password|passphrase|pepper|credential|sealingkey|privatekey|token$|^key$|^jwt$/;
const SEPARATORS = /[-_.\s]/g;

/** Credentials by their looks: a scheme and what follows it, three base64url parts, a password in a URL, an issued key, a refresh token. */
const SECRET_TEXTS: readonly (readonly [pattern: RegExp, shown: string])[] = [
  [/\b(bearer|basic)[ \t]+[^\s"',;]+/gi, '$1 [redacted]'],
  [/\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?/g, '[redacted]'],
  [/(:\/\/[^\s/:@]*):[^\s/@]+@/g, '$1:[redacted]@'],
  [/\b([A-Za-z][A-Za-z0-9_]{0,22}_)[0-9A-Za-z]{36}\b/g, '$1[redacted]'],
  [/\b([A-Za-z][A-Za-z0-9_]{0,22}_rt_)[\w-]{86}/g, '$1[redacted]'],
];

export const REDACTED = '[redacted]';

export function isSecretName(name: string): boolean {
  return SECRET_NAMES.test(name.toLowerCase().replace(SEPARATORS, ''));
}

/** The text without anything that looks like a credential. */
export function redactText(text: string): string {
  return SECRET_TEXTS.reduce((clean, [pattern, shown]) => clean.replace(pattern, shown), text);
}
