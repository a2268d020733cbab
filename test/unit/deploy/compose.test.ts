import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = new URL('../../../', import.meta.url);
const FILE = fileURLToPath(new URL('docker-compose.yml', ROOT));

interface Service {
  readonly volumes?: readonly string[];
  readonly build?: { readonly dockerfile: string };
  readonly network_mode: string;
}

const { services, volumes } = parse(readFileSync(FILE, 'utf8')) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
};

describe('docker-compose.yml', () => {
  test('runs the gateway, Tollgate, an application, Prometheus and Grafana', () => {
    expect(Object.keys(services).sort()).toEqual(['app', 'envoy', 'grafana', 'prometheus', 'tollgate']);
  });

  test('mounts only what is there, and declares its volumes', () => {
    const sources = Object.values(services)
      .flatMap((it) => it.volumes ?? [])
      .map((text) => text.split(':')[0] ?? '');
    const [files, named] = [
      sources.filter((it) => it.startsWith('.')),
      sources.filter((it) => !it.startsWith('.')),
    ];
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([]);
    expect(named.sort()).toEqual(Object.keys(volumes).sort());
  });

  test('listens on the loopback alone: all of it is on the host and Envoy, whom clients ask, is too', () => {
    for (const [name, { network_mode }] of Object.entries(services)) expect(network_mode, name).toBe('host');
  });

  test('takes no secret from the file, and has no default for one', () => {
    const text = readFileSync(FILE, 'utf8');
    expect(text).toMatch(/TOLLGATE_PEPPER: \$\{TOLLGATE_PEPPER:\?/);
    expect(text).toMatch(/TOLLGATE_SEALING_KEY: \$\{TOLLGATE_SEALING_KEY:\?/);
    expect(text).not.toMatch(/password/i);
  });

  const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;
  test.skipIf(!hasCompose)(
    'is understood by docker compose (a Docker client with its compose plugin)',
    () => {
      const env = { ...process.env, TOLLGATE_PEPPER: 'p', TOLLGATE_SEALING_KEY: 's' };
      const { status, stderr } = spawnSync('docker', ['compose', '-f', FILE, 'config', '--quiet'], { env });
      expect(status, String(stderr)).toBe(0);
    },
  );
});
