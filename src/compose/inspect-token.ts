import { compile } from '../config/compile.ts';
import { OperationRefused } from '../domain/operations.ts';
import { inspectToken } from '../edge/tokens/inspect.ts';
import type { InspectionOptions, TokenInspection } from '../edge/tokens/inspect.ts';
import { readConfig } from './settings.ts';
import type { ConfigPlace } from './settings.ts';
import type { World } from './world.ts';

export type { TokenInspection } from '../edge/tokens/inspect.ts';

export interface TokenQuestion extends Pick<InspectionOptions, 'token' | 'network'> {
  /** Name of the API at which the token would be presented. */
  readonly api: string;
}

/** What a token says and which rule refuses it, by the configuration alone. Throws `ConfigProblems`, and `OperationRefused` for an API that it does not know. */
export async function inspectTokenByConfig(
  place: ConfigPlace,
  world: World,
  { api: name, token, network }: TokenQuestion,
): Promise<TokenInspection> {
  const { apis } = compile(readConfig(place, world).document);
  const api = apis.find((candidate) => candidate.name === name);
  if (api === undefined) {
    throw new OperationRefused(
      'not_found',
      `there is no API ${name}; there are ${apis.map((known) => known.name).join(', ')}`,
    );
  }
  return inspectToken({ api, token, network, clock: world.clock });
}
