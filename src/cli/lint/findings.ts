import type { GatewayFacts } from '../../app.ts';
import { formatPath } from '../../config/problems.ts';
import { parseGatewayFile } from './documents.ts';
import type { GatewayDocument } from './documents.ts';
import { isMet } from './expectation.ts';
import type { LintRule, Severity } from './rule.ts';
import { ENVOY_RULES } from './rules/envoy.ts';
import { KONG_RULES } from './rules/kong.ts';
import { KUBERNETES_RULES } from './rules/kubernetes.ts';
import { findEnvoySubjects } from './subjects-envoy.ts';
import { findKongSubjects } from './subjects-kong.ts';
import { findKubernetesSubjects } from './subjects-kubernetes.ts';
import { readAt } from './subjects.ts';
import type { Subject } from './subjects.ts';

/** Where a gateway's file breaks a rule. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What the rule is about: `static_resources.listeners[0]….failure_mode_allow`. */
  readonly key: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly why: string;
  readonly change: string;
}

export interface GatewayFile {
  readonly name: string;
  readonly text: string;
}

export interface LintReport {
  /** Checks by Tollgate that were found; none means that nothing here asks it. */
  readonly checks: number;
  readonly findings: readonly Finding[];
}

export const LINT_RULES: readonly LintRule[] = [...ENVOY_RULES, ...KONG_RULES, ...KUBERNETES_RULES];

/** What in these files makes a gateway unsafe, mute or fragile, in the order of the files. Throws `OperationRefused('invalid')`. */
export function findFindings(files: readonly GatewayFile[], facts: GatewayFacts): LintReport {
  let checks = 0;
  const findings = files.flatMap(({ name, text }) =>
    parseGatewayFile(name, text).flatMap((document) => {
      const subjects = findSubjects(document.value);
      checks += subjects.filter(isCheck).length;
      return subjects.flatMap((subject) => judge(document, subject, facts));
    }),
  );
  return { checks, findings };
}

function findSubjects(document: unknown): readonly Subject[] {
  return [...findEnvoySubjects(document), ...findKongSubjects(document), ...findKubernetesSubjects(document)];
}

const CHECKS: ReadonlySet<Subject['kind']> = new Set([
  'envoy check',
  'kong plugin',
  'istio check over grpc',
  'istio check over http',
  'envoy gateway check',
]);

function isCheck({ kind }: Subject): boolean {
  return CHECKS.has(kind);
}

function judge(document: GatewayDocument, subject: Subject, facts: GatewayFacts): readonly Finding[] {
  const broken = LINT_RULES.filter(
    (rule) => rule.on === subject.kind && !isMet(rule.expect, readAt(subject.value, rule.at), facts),
  );
  return broken.map(({ id, severity, why, change, at }): Finding => {
    const path = [...subject.path, ...at.filter((step) => step !== '*')];
    const { line, column } = document.position(path);
    return { file: document.file, line, column, key: formatPath(path), rule: id, severity, why, change };
  });
}
