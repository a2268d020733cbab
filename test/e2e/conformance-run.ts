import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { ConformanceReport } from '../../src/cli/conformance/report/report.ts';
import { GATEWAY_TOKEN } from './gateway-app.ts';
import { findFreePort } from './free-port.ts';
import type { Gateway, GatewayPlace } from './gateways/gateway.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface ConformanceRun {
  readonly code: number;
  /** Of `--json`; undefined where none was written. */
  readonly report: ConformanceReport | undefined;
  readonly err: string;
}

/** Starts a gateway, has the command judge it, and ends it. */
export async function judgeGateway(
  binary: string,
  start: (place: GatewayPlace) => Promise<Gateway>,
  flags: readonly string[],
): Promise<ConformanceRun> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-judged-'));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${GATEWAY_TOKEN}\n`);
  const place = {
    binary,
    authzPort: await findFreePort(),
    publicPort: await findFreePort(),
    appPort: await findFreePort(),
    token: GATEWAY_TOKEN,
  };
  const gateway = await start(place);
  try {
    const { port, http2Port: http2, scheme = 'http' } = gateway;
    const own = ['--gateway', `${scheme}://127.0.0.1:${port}`, '--token-file', tokenFile];
    const places = [
      ['--listen', place.authzPort],
      ['--upstream', place.appPort],
      ['--public', place.publicPort],
    ].flatMap(([flag, port]) => [String(flag), `127.0.0.1:${port}`]);
    const grpc = http2 === undefined ? [] : ['--gateway-http2', `${scheme}://127.0.0.1:${http2}`];
    return await runCommand([...own, ...places, ...grpc, ...flags]);
  } finally {
    await gateway.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The command in a process of its own. */
export async function runCommand(flags: readonly string[]): Promise<ConformanceRun> {
  const child = spawn(process.execPath, ['src/main.ts', 'conformance', '--json', ...flags], {
    cwd: ROOT,
    env: {},
  });
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, err, report: out === '' ? undefined : (JSON.parse(out) as ConformanceReport) };
}
