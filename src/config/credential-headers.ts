import type { AreaSection } from './schema/areas.ts';

/** The headers that hold a credential in one of the areas: in lower case, each once. */
export function listCredentialHeaders(areas: readonly AreaSection[]): readonly string[] {
  const headers = areas.flatMap(({ credentials }) =>
    credentials.flatMap(({ api_key, jwt }) => [api_key, jwt].flatMap((source) => source?.header ?? [])),
  );
  return [...new Set(headers)];
}
