import type {
  App,
  ConfigPlace,
  GatewayFacts,
  MigrationReport,
  OpenedOperations,
  RehearsalOptions,
  TokenInspection,
  TokenQuestion,
  ValidationReport,
} from '../app.ts';

/**
 * What the command line asks of the composition root. What a person can mend is thrown as `OperationRefused`, `ConfigProblems`
 * or `DependencyDown`, whose message is shown as it is; anything else counts as a bug and is shown with its stack.
 */
export interface Program {
  /** Resolves once every listener answers. */
  serve(place: ConfigPlace): Promise<Running>;
  /** Resolves once every listener answers; everything happens in this thread, and time stands still until it is moved. */
  rehearse(options: RehearsalOptions): Promise<App>;
  openOperations(place: ConfigPlace): Promise<OpenedOperations>;
  /** Never refuses for a problem of the configuration: it is in the report. */
  validate(place: ConfigPlace): Promise<ValidationReport>;
  /** What a gateway's configuration has to agree with. */
  gatewayFacts(place: ConfigPlace): Promise<GatewayFacts>;
  migrate(place: ConfigPlace): Promise<MigrationReport>;
  /** The digest under which a key may stand in a configuration file. */
  digest(place: ConfigPlace, key: string): Promise<string>;
  /** What a token says and which rule refuses it, by the configuration alone. */
  inspectToken(place: ConfigPlace, question: TokenQuestion): Promise<TokenInspection>;
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
