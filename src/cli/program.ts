import type { Problem } from '../config/problems.ts';
import type { Operations } from '../domain/operations.ts';

/** What every command is told about the configuration. */
export interface ProgramOptions {
  /** Path of `tollgate.yaml`. */
  readonly config: string;
  /** `key=value` settings that override the file, in the order given. */
  readonly sets: readonly string[];
}

/**
 * What the command line asks of the composition root. What a person can mend is thrown as `OperationRefused`, `ConfigProblems`
 * or `DependencyDown`, whose message is shown as it is; anything else counts as a bug and is shown with its stack.
 */
export interface Program {
  /** Resolves once every listener answers. */
  serve(options: ProgramOptions): Promise<Running>;
  openOperations(options: ProgramOptions): Promise<OpenedOperations>;
  /** Never refuses for a problem of the configuration: it is in the report. */
  validate(options: ProgramOptions): Promise<ValidationReport>;
  migrate(options: ProgramOptions): Promise<MigrationReport>;
  /** The digest under which a key may stand in a configuration file. */
  digest(options: ProgramOptions, key: string): Promise<string>;
}

export interface Running {
  readonly listeners: readonly Listener[];
  /** What the operator should know about this start: generated secrets, one sentence each. */
  readonly notes: readonly string[];
  /** Resolves after `stop`; rejects when the server cannot go on. May be left unawaited. */
  readonly ended: Promise<void>;
  /** Answers what is under way, then closes everything in reverse order. */
  stop(): Promise<void>;
}

export interface Listener {
  /** Its configuration key without `.listen`: `check.grpc`. */
  readonly name: string;
  /** Where it really listens: `127.0.0.1:9000`, `unix:/run/tollgate.sock`. */
  readonly address: string;
}

export interface OpenedOperations {
  readonly operations: Operations;
  /** `hub`: a running server does it; `store`: none runs, the database was opened directly. */
  readonly via: 'hub' | 'store';
  close(): Promise<void>;
}

export interface ValidationReport {
  /** Empty when the configuration may be served. */
  readonly problems: readonly Problem[];
  /** What is allowed but worth knowing. */
  readonly warnings: readonly string[];
  readonly apis: readonly ValidatedApi[];
}

export interface ValidatedApi {
  readonly name: string;
  readonly hosts: readonly string[];
}

export interface MigrationReport {
  /** The database, without any password. */
  readonly store: string;
  /** The names of the steps taken; none where it was up to date. */
  readonly steps: readonly string[];
}
