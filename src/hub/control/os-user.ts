import { userInfo } from 'node:os';
import type { Actor } from '../../domain/audit.ts';

/** Where the system cannot tell, as in a container that runs under a bare number. */
export const USER_UNKNOWN = 'unknown';

/** What a user's name may be in the audit log: one word, printable anywhere. */
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.@\\-]{0,63}\$?$/;

/** The user of the operating system that runs this process. */
export function readOsUser(): string {
  try {
    return userInfo().username;
  } catch {
    return USER_UNKNOWN;
  }
}

/** The user's name out of its percent-encoded form; USER_UNKNOWN where it is none. */
export function readUser(encoded: string): string {
  try {
    const user = decodeURIComponent(encoded);
    return USER.test(user) ? user : USER_UNKNOWN;
  } catch {
    return USER_UNKNOWN;
  }
}

/** Whoever uses the command line. */
export function toCliActor(user: string, source: 'cli-store' | 'control'): Actor {
  return { name: `cli:${USER.test(user) ? user : USER_UNKNOWN}`, source, requestId: '' };
}
