/** The first release whose `node:sqlite` and TypeScript support this program was built on. */
const NODE_MIN: readonly [major: number, minor: number] = [24, 15];

/** Why this Node cannot run the program; undefined where it can. Imports nothing, so that it runs on any Node that reads it. */
export function findNodeFault(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [majorMin, minorMin] = NODE_MIN;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return undefined;
  return (
    `Tollgate needs Node ${majorMin}.${minorMin} or newer, and this is ${version}. ` +
    'In a checkout `npm run -s tollgate -- …` uses the Node that `npm ci` installed.'
  );
}
