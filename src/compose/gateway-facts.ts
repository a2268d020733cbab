import { compile } from '../config/compile.ts';
import { readConfig } from './settings.ts';
import type { ConfigPlace } from './settings.ts';
import type { World } from './world.ts';

/** What a gateway's configuration has to agree with. */
export interface GatewayFacts {
  /** `check.budget`, in milliseconds. */
  readonly budgetMs: number;
  /** Lower case. */
  readonly credentialHeaders: readonly string[];
  /** Headers that Tollgate sets for upstreams, lower case. */
  readonly identityHeaders: readonly string[];
}

/** Throws `ConfigProblems`. */
export function readGatewayFacts(place: ConfigPlace, world: World): GatewayFacts {
  const { document } = readConfig(place, world);
  const { apis, credentialHeaders } = compile(document);
  const identityHeaders = new Set(apis.flatMap(({ upstream }) => upstream.map(({ name }) => name)));
  return {
    budgetMs: document.check.budgetMs,
    credentialHeaders,
    identityHeaders: [...identityHeaders].sort(),
  };
}
