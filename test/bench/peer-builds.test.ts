import { expect, test } from 'vitest';
import { versionsOf } from './peer-builds.ts';
import type { PeerBuild } from './peer-builds.ts';
import { PEERS } from './peer-entries.ts';

/** Without what a peer runs besides, which need not be installed here. */
const BUILDS = PEERS.map(({ name, tool, folder, binary, made }): readonly [string, PeerBuild] => [
  name,
  { tool, folder, binary, made },
]);

test.each(BUILDS)('%s: its lock tells the versions that were measured', (_, build) => {
  const versions = versionsOf(build);
  expect(versions).toHaveLength(build.made.length);
  for (const version of versions) expect(version).toMatch(/^\S+ \d+\.\d+\.\d+/);
});

test('a package that no lock has is no version, but an error', () => {
  const [, build] = BUILDS[0] ?? [];
  expect(build).toBeDefined();
  expect(() => build && versionsOf({ ...build, made: ['nobody'] })).toThrow('no version of nobody');
});
