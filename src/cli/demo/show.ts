import { createTable } from '../table.ts';
import type { DemoAnswer } from './ask.ts';
import { toClientRequest } from './requests.ts';
import type { DemoRequest } from './requests.ts';
import type { DemoKeys } from './world.ts';

export interface Shown {
  readonly api: string;
  readonly what: string;
  readonly request: string;
  readonly status: number;
  readonly body: string;
  /** Whether status and body are what the API promises. */
  readonly as_promised: boolean;
}

const TITLES = ['', 'API', 'REQUEST', 'STATUS', 'BODY'];
const BODY_CHARACTERS_SHOWN = 96;
const CURL_KEYS = ['trackyard', 'truedy office', 'freddy frozen'];

export function toShown(request: DemoRequest, { status, body }: DemoAnswer): Shown {
  const { api, what, method, path, expect } = request;
  const asPromised = status === expect.status && body.includes(expect.bodyHas);
  return { api, what, request: `${method} ${path}`, status, body, as_promised: asPromised };
}

export function renderShown(rows: readonly Shown[]): string {
  const cells = rows.map(({ api, what, status, body, as_promised: asPromised }) => [
    asPromised ? '✓' : '✗',
    api,
    what,
    String(status),
    status === 200 ? toPassed(body) : shorten(body),
  ]);
  return createTable(TITLES).lines(cells);
}

/** Three requests for the reader's own hands: an allowed one and two refused ones. */
export function renderCurls(baseUrl: string, requests: readonly DemoRequest[], keys: DemoKeys): string {
  const chosen = CURL_KEYS.flatMap(
    (label) => requests.find(({ credential }) => credential?.key === label) ?? [],
  );
  return chosen
    .map((request) => {
      const { host, path, headers } = toClientRequest(request, keys);
      const given = Object.entries({ Host: host, ...headers }).map(
        ([name, value]) => `-H '${name}: ${value}'`,
      );
      return `curl -i ${given.join(' ')} ${baseUrl}${path}\n`;
    })
    .join('');
}

/** What the application received in the client's name. */
function toPassed(body: string): string {
  const identity = [...body.matchAll(/"(x-(?:account-id|organization-id|tier))":\s*\[\s*"([^"]*)"/g)];
  return ['passed on', ...identity.map(([, name, value]) => `${name}=${value}`)].join(' ');
}

function shorten(body: string): string {
  const line = body.trim();
  return line.length > BODY_CHARACTERS_SHOWN ? `${line.slice(0, BODY_CHARACTERS_SHOWN)}…` : line;
}
