import type { CreatedKey } from '../../domain/operations.ts';
import type { Session } from '../session.ts';

/** Prints a new key alone on stdout, so that a script can catch it; with JSON it is in the record. */
export async function showCreated(session: Session, created: CreatedKey): Promise<void> {
  await session.show({ value: created, text: `${created.key}\n` });
  await session.note(
    `${created.id}: the key is shown this once and kept by nobody else; store it safely now.`,
  );
}
