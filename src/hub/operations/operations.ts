import type { Operations } from '../../domain/operations.ts';
import { createAccountOperations } from './accounts.ts';
import type { OperationsDeps } from './context.ts';
import { createKeyOperations } from './keys.ts';

/** What operators do with accounts and keys: checks what was asked against the policy, and has the store do it. */
export function createOperations(deps: OperationsDeps): Operations {
  return { ...createAccountOperations(deps), ...createKeyOperations(deps) };
}
