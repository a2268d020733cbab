import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ENVOY_INSTALL, findEnvoy } from '../src/cli/envoy-process.ts';

/** A component that a test needs and a machine may lack. */
export type Part = { readonly found: string } | { readonly missing: string };

const PARTS = {
  envoy: { find: () => findEnvoy(process.env), install: ENVOY_INSTALL },
  openssl: { find: findOpenssl, install: 'apt-get install openssl' },
} as const;

/**
 * Where the component is, or one line that says how to get it. Use it as
 * `describe.skipIf('missing' in part)(partTitle('recipe', part), …)`: a skip then names its cure.
 */
export async function requirePart(name: keyof typeof PARTS): Promise<Part> {
  const { find, install } = PARTS[name];
  const found = await find();
  return found === undefined ? { missing: `no ${name} here, install it with: ${install}` } : { found };
}

export function partTitle(title: string, part: Part): string {
  return 'missing' in part ? `${title} (${part.missing})` : title;
}

/** Version 3 is the first whose `req` signs with an authority. */
async function findOpenssl(): Promise<string | undefined> {
  const told = await promisify(execFile)('openssl', ['version']).catch(() => undefined);
  return told !== undefined && /^OpenSSL [3-9]/.test(told.stdout) ? 'openssl' : undefined;
}
