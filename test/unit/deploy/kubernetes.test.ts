import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StatefulSet } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Service } from 'kubernetes-models/v1';
import { afterAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createProgram } from '../../../src/app.ts';
import { readAt } from '../../../src/cli/lint/subjects.ts';
import { partTitle, requirePart } from '../../parts.ts';

const DEPLOY = fileURLToPath(new URL('../../../deploy/kubernetes', import.meta.url));
const RECIPE = fileURLToPath(new URL('../../../envoy.yaml', import.meta.url));
const kustomize = await requirePart('kustomize');
const systemd = await requirePart('systemd');

/** Kubernetes' own schemas, by kind. */
const MODELS: Readonly<Record<string, new (data: never) => { validate(): void }>> = {
  ConfigMap,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
  StatefulSet,
};

type Manifest = Readonly<Record<string, unknown>> & { readonly kind: string };

describe.skipIf('missing' in kustomize)(
  partTitle('what kustomize makes of deploy/kubernetes', kustomize),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-kubernetes-'));
    cpSync(DEPLOY, folder, { recursive: true });
    const opened = readFileSync(RECIPE, 'utf8').replace(
      '127.0.0.1, port_value: 10000',
      '0.0.0.0, port_value: 10000',
    );
    writeFileSync(join(folder, 'sidecar/envoy.yaml'), opened);
    afterAll(() => rmSync(folder, { recursive: true }));

    const program = 'found' in kustomize ? kustomize.found : '';
    const verb = program.endsWith('kubectl') ? 'kustomize' : 'build';

    function build(overlay: string): readonly Manifest[] {
      const { status, stdout, stderr } = spawnSync(program, [verb, join(folder, overlay)], {
        encoding: 'utf8',
      });
      expect(status, stderr).toBe(0);
      const documents = parseAllDocuments(stdout);
      return Array.isArray(documents) ? documents.map((document) => document.toJS() as Manifest) : [];
    }

    function podOf(overlay: string): unknown {
      const set = build(overlay).find(({ kind }) => kind === 'StatefulSet');
      return readOne(set, 'spec.template.spec');
    }

    function tollgateOf(overlay: string): unknown {
      return readMany(podOf(overlay), 'containers.*').find((it) => readOne(it, 'name') === 'tollgate');
    }

    test.each([
      ['service', ['ConfigMap', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'StatefulSet']],
      ['sidecar', ['ConfigMap', 'ConfigMap', 'NetworkPolicy', 'Service', 'StatefulSet']],
    ])('%s is valid by the schemas of Kubernetes', (overlay, kinds) => {
      const manifests = build(overlay);
      expect(manifests.map(({ kind }) => kind).sort()).toEqual(kinds);
      for (const manifest of manifests) {
        const Model = MODELS[manifest.kind];
        if (Model === undefined) throw new Error(`no schema for ${manifest.kind}`);
        new Model(manifest as never).validate();
      }
    });

    test('the schemas would refuse a wrong field', () => {
      const set = build('service').find(({ kind }) => kind === 'StatefulSet');
      const wrong = { ...set, spec: { ...Object(set?.['spec']), replicas: 'one' } };
      expect(() => new StatefulSet(wrong as never).validate()).toThrow(/replicas/);
    });

    test.each(['service', 'sidecar'])(
      '%s runs no container as root, with rights, or on a writable root',
      (overlay) => {
        const pod = podOf(overlay);
        expect(pod).toMatchObject({
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        });
        const containers = readMany(pod, 'containers.*');
        expect(containers.length).toBeGreaterThan(0);
        for (const container of containers) {
          expect(readOne(container, 'securityContext')).toMatchObject({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
          expect(Object.keys(Object(readOne(container, 'resources.limits')))).toEqual(['memory']);
        }
      },
    );

    test.each(['service', 'sidecar'])('%s has the same labels wherever they select', (overlay) => {
      const label = { 'app.kubernetes.io/name': 'tollgate' };
      const selects: Readonly<Record<string, string>> = {
        Service: 'spec.selector',
        NetworkPolicy: 'spec.podSelector.matchLabels',
        PodDisruptionBudget: 'spec.selector.matchLabels',
        StatefulSet: 'spec.template.metadata.labels',
      };
      for (const manifest of build(overlay)) {
        const path = selects[manifest.kind];
        if (path !== undefined) expect(readOne(manifest, path), manifest.kind).toEqual(label);
      }
    });

    test.each(['service', 'sidecar'])('%s takes its secrets from a Secret, by name', (overlay) => {
      const secrets = readMany(tollgateOf(overlay), 'env.*').filter((it) =>
        /PEPPER|SEALING/.test(String(readOne(it, 'name'))),
      );
      expect(secrets.map((it) => readOne(it, 'valueFrom.secretKeyRef'))).toEqual([
        { name: 'tollgate', key: 'pepper' },
        { name: 'tollgate', key: 'sealing-key' },
      ]);
    });

    test('as a service, checks are asked from outside and health by gRPC; as a sidecar, on the loopback alone', () => {
      expect(listenOf('service')).toBe('0.0.0.0:9000');
      expect(listenOf('sidecar')).toBe('127.0.0.1:9000');
      const probe = readOne(tollgateOf('service'), 'readinessProbe');
      expect(probe).toMatchObject({ grpc: { port: 9000, service: 'envoy.service.auth.v3.Authorization' } });
      expect(probe).not.toHaveProperty('httpGet');
    });

    function listenOf(overlay: string): unknown {
      const env = readMany(tollgateOf(overlay), 'env.*');
      return readOne(
        env.find((it) => readOne(it, 'name') === 'TOLLGATE_CHECK_LISTEN'),
        'value',
      );
    }

    test('the configuration that comes with it is one', async () => {
      const secret = Buffer.alloc(32, 7).toString('base64');
      const env = {
        TOLLGATE_CHECK_LISTEN: '0.0.0.0:9000',
        TOLLGATE_PEPPER: secret,
        TOLLGATE_SEALING_KEY: Buffer.alloc(32, 8).toString('base64'),
      };
      const program = createProgram({ env, writeLog: () => {} });
      const report = await program.validate({ config: join(folder, 'base/config/tollgate.yaml'), sets: [] });
      expect(report).toMatchObject({ problems: [], apis: [{ name: 'example' }] });
    });
  },
);

describe.skipIf('missing' in systemd)(partTitle('the systemd unit', systemd), () => {
  const unit = fileURLToPath(new URL('../../../deploy/systemd/tollgate.service', import.meta.url));

  test('exposes little, by the measure of systemd-analyze', () => {
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', unit], {
      encoding: 'utf8',
    });
    const level = Number(/exposure level for tollgate\.service: ([\d.]+)/.exec(stdout)?.[1]);
    expect(level).toBeLessThan(2.5);
  });

  test('has nothing that systemd does not understand', () => {
    const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
    const complaints = stderr
      .split('\n')
      .filter((line) => line !== '' && !line.includes('is not executable'));
    expect(complaints).toEqual([]);
  });
});

function readMany(value: unknown, path: string): readonly unknown[] {
  return readAt(value, path.split('.'));
}

function readOne(value: unknown, path: string): unknown {
  return readMany(value, path)[0];
}
