import type { CreatedKey } from '../../domain/operations.ts';
import type { Run } from '../run.ts';

/** Prints a new key alone on stdout, so that a script can catch it; with JSON it is in the record. */
export async function showCreated(run: Run, created: CreatedKey): Promise<void> {
  await run.show({ value: created, text: `${created.key}\n` });
  await run.note(`${created.id}: the key is shown this once and kept by nobody else; store it safely now.`);
}
