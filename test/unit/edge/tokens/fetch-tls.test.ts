import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { createKeySetFetcher } from '../../../../src/edge/tokens/fetch-key-set.ts';
import { createAuthority } from '../../../e2e/certificates.ts';
import { partTitle, requirePart } from '../../../parts.ts';

const openssl = await requirePart('openssl');
const SET = '{"keys":[]}';

describe.skipIf('missing' in openssl)(partTitle('a key set over TLS', openssl), () => {
  const undo: (() => void)[] = [];
  afterEach(() => {
    for (const step of undo.splice(0).toReversed()) step();
  });

  /** Serves under a certificate for `keys.example`, and fetches it under a name. */
  async function fetchAs(name: string, trust: 'trusted' | 'stranger') {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-key-sets-'));
    undo.push(() => rmSync(folder, { recursive: true }));
    const authority = await createAuthority(folder, 'authority');
    const identity = await authority.issue({ name: 'keys', altNames: 'DNS:keys.example' });
    if (trust === 'trusted') {
      const before = getCACertificates('default');
      setDefaultCACertificates([...before, readFileSync(authority.certificate, 'utf8')]);
      undo.push(() => setDefaultCACertificates(before));
    }
    const server = createServer(
      { cert: readFileSync(identity.certificate), key: readFileSync(identity.key) },
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(SET),
    );
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    undo.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const fetchKeySet = createKeySetFetcher({
      lookupAll: (_, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    const source = {
      from: 'url',
      url: `https://${name}:${port}/`,
      privateAddresses: 'allow',
      staleMaxMs: 0,
    } as const;
    return fetchKeySet(source, new AbortController().signal);
  }

  test('comes from whom a known authority vouches for', async () => {
    expect(await fetchAs('keys.example', 'trusted')).toEqual({ text: SET });
  });

  test('does not come from another name than the certificate’s', async () => {
    expect(await fetchAs('other.example', 'trusted')).toBe('connection');
  });

  test('does not come from whom nobody known vouches for', async () => {
    expect(await fetchAs('keys.example', 'stranger')).toBe('connection');
  });
});
