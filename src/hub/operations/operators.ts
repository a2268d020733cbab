import { OPERATORS_MAX, OPERATOR_ROLES, OPERATOR_TOKEN_PREFIX } from '../../domain/operators.ts';
import type { CreatedOperator, NewOperator, OperatorRole, OperatorView } from '../../domain/operators.ts';
import { OperationRefused } from '../../domain/operations.ts';
import type { Operations } from '../../domain/operations.ts';
import { issueKey } from '../../lib/key-format.ts';
import type { StoredOperator } from '../store/operators.ts';
import { ask, authorOf, readNowMs } from './context.ts';
import type { OperationsDeps } from './context.ts';
import { invalid, shown, unknownWord } from './fields.ts';
import { digestOf } from './key-material.ts';
import { toInstant, toSeconds } from './views.ts';

export type OperatorOperations = Pick<Operations, 'createOperator' | 'listOperators' | 'revokeOperator'>;

const OPERATOR_NAME = /^[a-z][a-z0-9._-]{0,63}$/;

export function createOperatorOperations(deps: OperationsDeps): OperatorOperations {
  return {
    createOperator: (input) => createOperator(deps, input),
    listOperators: async () => (await ask(deps.reads.listOperators())).map(toOperatorView),
    async revokeOperator(name) {
      const by = authorOf(deps, 'operator.revoke', readNowMs(deps));
      const revoked = await ask(deps.writes.revokeOperator(name, by));
      if (revoked !== undefined) return toOperatorView(revoked);
      throw new OperationRefused('not_found', `there is no operator ${shown(name)}`);
    },
  };
}

async function createOperator(deps: OperationsDeps, input: NewOperator): Promise<CreatedOperator> {
  const name = readOperatorName(input.name);
  const role = readRole(input.role);
  const createdMs = readNowMs(deps);
  const token = issueKey(OPERATOR_TOKEN_PREFIX, deps.random);
  const [pepperId = ''] = deps.hasher.pepperIds;
  const digest = digestOf(deps.hasher, token, 0);
  const inserted = await ask(
    deps.writes.insertOperator(
      { name, role, digest, pepperId, createdMs },
      authorOf(deps, 'operator.create', createdMs),
    ),
  );
  if (inserted.result === 'inserted') {
    const { name: _, ...rest } = toOperatorView(inserted.operator);
    return { name, token, ...rest };
  }
  throw new OperationRefused(
    'conflict',
    inserted.result === 'taken'
      ? `there is or was an operator ${shown(name)}: the audit log speaks of operators by name, so none is given twice`
      : `there are ${OPERATORS_MAX} operators, which is as many as there may be, revoked ones included`,
  );
}

export function toOperatorView({
  name,
  role,
  createdMs,
  revokedMs,
  lastUsedMs,
}: StoredOperator): OperatorView {
  return {
    name,
    role,
    created_at: toSeconds(createdMs),
    revoked_at: toInstant(revokedMs),
    last_used_at: toInstant(lastUsedMs),
  };
}

function readOperatorName(name: string): string {
  if (OPERATOR_NAME.test(name)) return name;
  throw invalid("an operator's name is a small letter, then at most 63 of a-z 0-9 . _ -");
}

function readRole(role: OperatorRole): OperatorRole {
  if (OPERATOR_ROLES.includes(role)) return role;
  throw unknownWord('role', role, OPERATOR_ROLES);
}
