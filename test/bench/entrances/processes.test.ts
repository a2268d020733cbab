import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { listeningInodes, microsEach, parentIn, processesOf, withDescendants } from './processes.ts';

describe('listeningInodes', () => {
  const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2710 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:2711 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0
   2: 0100007F:2710 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 20 4 30 10 -1
   3: 0100007F:C350 0100007F:2710 01 00000000:00000000 00:00000000 00000000     0        0 4714 1 0000000000000000 20 4 30 10 -1
   4: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4715 1 0000000000000000 100 0 0 10 0
`;

  test('takes the port of the socket that listens, and no connection of it', () => {
    expect(listeningInodes(TABLE, 10_000)).toEqual(['4711']);
    expect(listeningInodes(TABLE, 80)).toEqual(['4715']);
    expect(listeningInodes(TABLE, 50_000)).toEqual([]);
  });

  test('finds nobody in a table that is empty or is none', () => {
    expect(listeningInodes('', 10_000)).toEqual([]);
    expect(listeningInodes('no table', 10_000)).toEqual([]);
  });
});

describe('parentIn', () => {
  test('is not misled by what a command is called', () => {
    expect(parentIn('12 (nginx) S 7 12 12 0')).toBe(7);
    expect(parentIn('12 (a b) S 99) R 7 12 12 0')).toBe(7);
  });

  test('is no number where the process is gone', () => {
    expect(parentIn('')).toBeNaN();
  });
});

describe('withDescendants', () => {
  test('takes workers and their workers, whatever the order, and nobody else', () => {
    const parents = new Map([
      [30, 20],
      [20, 10],
      [40, 1],
      [10, 1],
      [1, 0],
    ]);
    expect(withDescendants([10], parents)).toEqual([10, 20, 30]);
    expect(withDescendants([20, 10], parents)).toEqual([10, 20, 30]);
  });

  test('is the root alone where its parents are unknown', () => {
    expect(withDescendants([10], new Map([[11, Number.NaN]]))).toEqual([10]);
  });
});

describe.skipIf(!existsSync('/proc/net/tcp'))('processesOf (which needs Linux)', () => {
  const LISTEN = `const server = require('net').createServer();
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));
    require('child_process').spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });`;

  test('finds the process that listens and its child, and not ourselves', async () => {
    const child = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    try {
      const [port] = (await once(child.stdout, 'data')) as [Buffer];
      const found = processesOf(Number(port.toString()));
      expect(found).toHaveLength(2);
      expect(found).toContain(child.pid);
      expect(found).not.toContain(process.pid);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });

  test('throws where nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(processesOf(port)).toContain(process.pid);
    server.close();
    await once(server, 'close');
    expect(() => processesOf(port)).toThrow(`nobody listens on port ${port}`);
  });
});

describe('microsEach', () => {
  test('is the growth of all processes together, for each request', () => {
    const before = new Map([
      [10, 1_000_000],
      [11, 500_000],
    ]);
    const after = new Map([
      [10, 1_250_000],
      [11, 750_000],
    ]);
    expect(microsEach(before, after, 10_000)).toBe(50);
  });

  test('throws where a process came or went, rather than count its whole life or none of it', () => {
    const one = new Map([[10, 1]]);
    const other = new Map([
      [10, 2],
      [11, 900],
    ]);
    expect(() => microsEach(one, other, 1)).toThrow(
      'processes changed while they were measured: 10, then 10 11',
    );
    expect(() => microsEach(other, one, 1)).toThrow('processes changed');
    expect(() => microsEach(one, new Map([[12, 1]]), 1)).toThrow('processes changed');
  });
});
