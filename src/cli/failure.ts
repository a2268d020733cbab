import { CommanderError } from 'commander';
import { ConfigProblems } from '../config/problems.ts';
import { OperationRefused } from '../domain/operations.ts';
import { DependencyDown } from '../ports.ts';

/** What a command could not do, in a sentence for the person who asked. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** The command was called in a way it does not understand. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export interface Failure {
  readonly exitCode: number;
  /** '' where it has been said already. */
  readonly message: string;
}

/** Exit code and words for whatever a command threw. Only a bug shows its stack. */
export function toFailure(error: unknown): Failure {
  if (error instanceof CommanderError) {
    return { exitCode: error.exitCode === 0 ? EXIT.done : EXIT.usage, message: '' };
  }
  if (error instanceof UsageError) return { exitCode: EXIT.usage, message: `error: ${error.message}` };
  if (error instanceof ConfigProblems) {
    return { exitCode: EXIT.failed, message: `${error.message}\nerror: the configuration cannot be used` };
  }
  // The reader of our answer went away (`… | head`): it knows, and there is nobody to tell.
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') {
    return { exitCode: EXIT.failed, message: '' };
  }
  if (error instanceof Error && isForPeople(error)) {
    return { exitCode: EXIT.failed, message: `error: ${error.message}` };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: EXIT.failed, message: `error: this is a bug in Tollgate, please report it:\n${detail}` };
}

/** Refusals made on purpose, and what the operating system says of a file or an address. */
function isForPeople(error: Error): boolean {
  if (error instanceof CommandFailed || error instanceof OperationRefused) return true;
  return error instanceof DependencyDown || ('syscall' in error && 'code' in error);
}
