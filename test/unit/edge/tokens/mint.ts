import type { Signer } from './keys.ts';

type Members = Readonly<Record<string, unknown>>;

/** A token before it is written. Texts go as they are; `undefined` takes a member away. */
export interface Draft {
  readonly header: Members | string;
  readonly payload: Members | string;
  readonly sign: Signer;
}

export function mint({ header, payload, sign }: Draft): string {
  return seal(toPart(header), toPart(payload), sign);
}

/** Signs two parts as they are, whatever they hold. */
export function seal(header: string, payload: string, sign: Signer): string {
  const text = `${header}.${payload}`;
  return `${text}.${sign(text).toString('base64url')}`;
}

export function toPart(value: Members | string | Uint8Array): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64url');
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}
