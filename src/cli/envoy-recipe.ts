import { parseDocument } from 'yaml';
import type { Document } from 'yaml';

export interface RecipePorts {
  /** Where clients connect; 0 takes a free port. */
  readonly listen: number;
  /** 0 takes a free port. */
  readonly admin: number;
  readonly authz: number;
  /** Of Tollgate's own endpoints; absent: as in the recipe. */
  readonly public?: number;
  readonly app: number;
}

export interface RecipeChanges {
  readonly ports: RecipePorts;
  /** A file, because a child's standard output may be a socket, which cannot be opened. */
  readonly accessLogPath: string;
}

type Path = readonly (string | number)[];

const LISTENER: Path = ['static_resources', 'listeners', 0];
const MANAGER: Path = [...LISTENER, 'filter_chains', 0, 'filters', 0, 'typed_config'];
const ACCESS_LOG: Path = [...MANAGER, 'access_log', 0];

/**
 * `envoy.yaml` with other ports and its access log in a file; everything else stays as it is written.
 * Throws where the text is no such recipe.
 */
export function renderRecipe(text: string, changes: RecipeChanges): string {
  const recipe = parseDocument(text);
  if (recipe.errors.length > 0) throw new Error(`envoy.yaml: ${recipe.errors[0]?.message ?? ''}`);
  const { ports } = changes;
  setPort(recipe, ['admin', 'address'], ports.admin);
  setPort(recipe, [...LISTENER, 'address'], ports.listen);
  setPort(recipe, [...findCluster(recipe, 'authz'), ...ENDPOINT], ports.authz);
  setPort(recipe, [...findCluster(recipe, 'app'), ...ENDPOINT], ports.app);
  if (ports.public !== undefined) {
    setPort(recipe, [...findCluster(recipe, 'tollgate-public'), ...ENDPOINT], ports.public);
  }
  replace(recipe, [...ACCESS_LOG, 'name'], 'envoy.access_loggers.file');
  replace(recipe, [...ACCESS_LOG, 'typed_config', '@type'], FILE_LOG);
  recipe.setIn([...ACCESS_LOG, 'typed_config', 'path'], changes.accessLogPath);
  return recipe.toString();
}

const FILE_LOG = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';
const ENDPOINT: Path = ['load_assignment', 'endpoints', 0, 'lb_endpoints', 0, 'endpoint', 'address'];
const CLUSTERS_MAX = 16;

function findCluster(recipe: Document, name: string): Path {
  for (let index = 0; index < CLUSTERS_MAX; index += 1) {
    const path: Path = ['static_resources', 'clusters', index];
    if (recipe.getIn([...path, 'name']) === name) return path;
  }
  throw new Error(`envoy.yaml: no cluster ${name}`);
}

function setPort(recipe: Document, address: Path, port: number): void {
  replace(recipe, [...address, 'socket_address', 'port_value'], port);
}

function replace(recipe: Document, path: Path, value: string | number): void {
  if (!recipe.hasIn(path)) throw new Error(`envoy.yaml: nothing at ${path.join('.')}`);
  recipe.setIn(path, value);
}
