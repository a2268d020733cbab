import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { renderAlerts, renderBoard } from '../../deploy/monitoring/render.ts';
import { DEPLOY_README, renderDeployReadme } from './gateways.ts';
import { README, renderReadme } from './readme.ts';

const DEPLOY = new URL('../../deploy/', import.meta.url);

const BOARD_FILE = fileURLToPath(new URL('grafana/tollgate.json', DEPLOY));
export const ALERTS_FILE = fileURLToPath(new URL('prometheus/alerts.yaml', DEPLOY));

/** Every file that is written by code, with what should stand in it, formatted as the repository is. */
export async function renderGenerated(): Promise<readonly (readonly [path: string, text: string])[]> {
  return [
    [README, await renderReadme()],
    [DEPLOY_README, await renderDeployReadme()],
    [BOARD_FILE, await formatFor(BOARD_FILE, renderBoard())],
    [ALERTS_FILE, await formatFor(ALERTS_FILE, renderAlerts())],
  ];
}

async function formatFor(filepath: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(filepath)), filepath });
}
