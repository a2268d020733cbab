import type { Trial } from '../trial.ts';
import { ENDPOINTS } from './endpoints.ts';
import type { Field } from './field.ts';
import { IDENTITIES } from './identities.ts';
import { MALFORMED } from './malformed.ts';
import { PASSING } from './passing.ts';
import { PATHS } from './paths.ts';
import { SMUGGLING } from './smuggled.ts';
import { UNCHECKED } from './unchecked.ts';

/** What a gateway must withstand: every request is a client's, byte for byte. */
export const ATTACKS: readonly Trial<Field>[] = named('attacks', [
  ...PASSING,
  ...PATHS,
  ...IDENTITIES,
  ...SMUGGLING,
  ...MALFORMED,
  ...UNCHECKED,
]);

/** What needs the gateway's routes to Tollgate's own endpoints. */
export const ENDPOINT_TRIALS: readonly Trial<Field>[] = named('endpoints', ENDPOINTS);

function named(area: string, trials: readonly Trial<Field>[]): readonly Trial<Field>[] {
  return trials.map(({ title, take }) => ({ title: `${area}: ${title}`, take }));
}
