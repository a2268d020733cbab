import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bindServer } from '../../../../src/lib/listener/bind.ts';

/** More than chmod(2) takes. */
const NO_MODE = 0o1_000_000_000_000;

describe('a server whose place cannot be had', () => {
  test('does not listen, and leaves nothing behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bind-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const server = createServer();
    onTestFinished(() => void server.close());
    const place = { listen: `unix:${join(folder, 's')}`, socketMode: NO_MODE };
    await expect(bindServer(server, place)).rejects.toThrow(/^cannot listen on unix:.*: ERR_OUT_OF_RANGE$/);
    expect(server.listening).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });
});
