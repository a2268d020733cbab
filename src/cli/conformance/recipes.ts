import { readFileSync } from 'node:fs';
import type { RecipeName } from './choices.ts';
import { parseExceptions } from './table/exceptions.ts';
import type { ExceptionsText } from './table/exceptions.ts';

/** What a gateway with the repository's recipe is known to do otherwise, each proved by a run through a real one. */
export function loadRecipe(name: RecipeName): ExceptionsText {
  return parseExceptions(readFileSync(new URL(`recipes/${name}.yaml`, import.meta.url), 'utf8'));
}
