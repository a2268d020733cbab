import type { ReadFile } from './checks/apis.ts';
import type { Fault, Problem } from './problems.ts';
import type { ApiSections } from './schema/api.ts';
import type { ServerSections } from './schema/server.ts';
import { locate } from './source.ts';

/** What works but is worth knowing. */
export function listNotices(
  { source, sections }: ReadFile<ApiSections>,
  mode: ServerSections['mode'],
): Problem[] {
  const api = sections.values as ApiSections;
  const faults = [...findSilentKeys(api), ...findUnbelieved(api), ...findUnbilled(api)];
  const missing = mode === 'production' ? findKeyless(api) : [];
  return [...faults, ...missing].map((fault) => locate(source, fault));
}

/** A digest cannot verify a signature: only the key itself can. */
function findSilentKeys({ keys, declared }: ApiSections): Fault[] {
  if (!keys.key_signed_jwt) return [];
  return declared.keys.flatMap(({ digest }, index) => {
    if (digest === undefined) return [];
    const message = 'known by its digest alone, this key cannot sign tokens';
    return [{ path: ['declared', 'keys', index], message }];
  });
}

function findUnbelieved({ areas, keys, tokens, sessions }: ApiSections): Fault[] {
  if (keys.key_signed_jwt || sessions !== undefined || Object.keys(tokens.issuers).length > 0) return [];
  const message = 'every token is refused: there is no issuer, no key_signed_jwt and there are no sessions';
  return areas.flatMap(({ credentials }, area) =>
    credentials.flatMap(({ jwt }, index) =>
      jwt === undefined ? [] : [{ path: ['areas', area, 'credentials', index], message }],
    ),
  );
}

function findUnbilled({ billing, tokens }: ApiSections): Fault[] {
  if (!billing) return [];
  const message = 'accounts that the store does not know have no trial to ask for and are never billed';
  return Object.entries(tokens.issuers)
    .filter(([, { unknown_account }]) => unknown_account === 'allow')
    .map(([name]) => ({ path: ['tokens', 'issuers', name, 'unknown_account'], message }));
}

/** In development the environment may leave an issuer's keys out. */
function findKeyless({ tokens }: ApiSections): Fault[] {
  return Object.entries(tokens.issuers)
    .filter(([, { keys }]) => [keys.url, keys.file, keys.pem].every((text) => (text ?? '') === ''))
    .map(([name]) => ({
      path: ['tokens', 'issuers', name, 'keys'],
      message: 'no keys are given, so every token of this issuer is refused',
    }));
}
