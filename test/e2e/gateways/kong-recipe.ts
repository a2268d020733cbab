import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** What goes on Kong's `lua_package_path`. */
export const PLUGIN_FOLDER = fileURLToPath(new URL('../../../deploy/kong', import.meta.url));
const RECIPE = new URL('../../../deploy/kong/kong.yml', import.meta.url);

/** A Kong, real or not, with the plugin in front of an application. */
export interface KongFront {
  readonly port: number;
  /** HTTP/2 in clear text, as gRPC clients speak it. */
  readonly http2Port: number;
  /** What it complained of, in its own words. */
  readErrors(): Promise<string>;
  /** What log plugins get, one entry a request. */
  readLog(): Promise<readonly unknown[]>;
  stop(): Promise<void>;
}

export interface KongOptions {
  /** Where Tollgate's listener for Kong is. */
  readonly url: string;
  /** What the plugin shows there. */
  readonly token: string;
  readonly appPort: number;
  readonly publicPort?: number;
  /** Settings of the plugin in place of the recipe's. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** A plugin of the recipe that is left out; absent: none is. */
  readonly without?: string;
  /** The certificates that the plugin trusts, in PEM; absent: none. */
  readonly authority?: string;
}

/** On a busy machine a check may take longer than a gateway should wait. */
const PATIENT = { timeout: 5_000 };

interface Plugin {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
}

interface Service {
  readonly name: string;
  readonly plugins?: readonly Plugin[];
}

interface Recipe {
  readonly services: readonly Service[];
}

/** The repository's recipe with the ports and settings of a test. */
export async function toDeclarations(options: KongOptions): Promise<Recipe> {
  const recipe = parse(await readFile(RECIPE, 'utf8')) as Recipe;
  return { ...recipe, services: recipe.services.map((service) => toService(service, options)) };
}

function toService(service: Service, options: KongOptions): Service {
  const { url, appPort, publicPort, config, without } = options;
  const plugins = (service.plugins ?? []).filter(({ name }) => name !== without);
  const port = service.name === 'tollgate-public' ? (publicPort ?? appPort) : appPort;
  return {
    ...service,
    ...{ url: `http://127.0.0.1:${port}` },
    plugins: plugins.map((plugin) => ({
      ...plugin,
      config: plugin.name === 'tollgate' ? { ...plugin.config, ...PATIENT, url, ...config } : plugin.config,
    })),
  };
}

/** JSON lines. */
export function toEntries(lines: string): unknown[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}
