import type { SigningKeyRecord } from '../../domain/feed-records.ts';
import { SIGNING_KEYS_MAX } from '../../domain/session.ts';
import type { SessionKey } from '../../domain/session.ts';

/** With what sessions' access tokens are verified. Where an API has more than it may, those that were told of first are forgotten. */
export class SessionKeys {
  private readonly ofApi = new Map<number, Map<string, SessionKey>>();

  put({ api, kid, algorithm, jwk }: SigningKeyRecord): void {
    const keys = this.ofApi.get(api) ?? new Map<string, SessionKey>();
    this.ofApi.set(api, keys);
    keys.set(kid, { kid, algorithm, jwk });
    const [first] = keys.keys();
    if (keys.size > SIGNING_KEYS_MAX && first !== undefined) keys.delete(first);
  }

  remove(api: number, kid: string): void {
    this.ofApi.get(api)?.delete(kid);
  }

  find(api: number, kid: string): SessionKey | undefined {
    return this.ofApi.get(api)?.get(kid);
  }
}
