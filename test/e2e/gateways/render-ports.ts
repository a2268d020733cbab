import type { GatewayPlace } from './gateway.ts';

/** A recipe's text with the ports of a test in place of its own. Throws where the text lacks one of them. */
export function renderPorts(recipe: string, port: number, place: GatewayPlace): string {
  const ports: readonly (readonly [string, number])[] = [
    [':10000', port],
    [':9001', place.authzPort],
    [':8082', place.appPort],
    [':8080', place.publicPort],
  ];
  for (const [own] of ports) {
    if (!recipe.includes(own)) throw new Error(`the recipe does not speak of ${own}`);
  }
  const portOf = new Map(ports);
  const altered = place.alter?.(recipe) ?? recipe;
  return altered.replaceAll(/:(?:10000|9001|8082|8080)\b/g, (own) => `:${portOf.get(own)}`);
}
