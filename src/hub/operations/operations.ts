import type { Operations } from '../../domain/operations.ts';
import { createAccountOperations } from './accounts.ts';
import { createAuditOperations } from './audit.ts';
import type { OperationsDeps } from './context.ts';
import { createKeyOperations } from './keys.ts';
import { createOperatorOperations } from './operators.ts';
import { createSessionOperations } from './sessions.ts';

/** What operators do with accounts, keys, sessions and each other, for one of them: checks what was asked against the policy, and has the store do it. */
export function createOperations(deps: OperationsDeps): Operations {
  return {
    ...createAccountOperations(deps),
    ...createKeyOperations(deps),
    ...createSessionOperations(deps),
    ...createOperatorOperations(deps),
    ...createAuditOperations(deps),
  };
}
