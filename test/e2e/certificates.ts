import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Paths of PEM files. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

export interface Issued {
  readonly name: string;
  /** As openssl writes them: `DNS:gateway.internal,URI:spiffe://…`; '' for none. */
  readonly altNames: string;
}

/** An authority of this test alone, in a folder of the test's. */
export interface Authority extends Identity {
  issue(identity: Issued): Promise<Identity>;
}

export async function createAuthority(folder: string, name: string): Promise<Authority> {
  const own = pathsOf(folder, name);
  await openssl(['req', '-x509', ...CURVE, '-days', '2', '-subj', `/CN=${name}`, ...outputs(own)]);
  return {
    ...own,
    async issue({ name: subject, altNames }) {
      const made = pathsOf(folder, subject);
      const named = altNames === '' ? [] : ['-addext', `subjectAltName=${altNames}`];
      const signed = ['-CA', own.certificate, '-CAkey', own.key, '-days', '2'];
      const about = ['-subj', `/CN=${subject}`, '-addext', 'basicConstraints=critical,CA:FALSE', ...named];
      await openssl(['req', '-x509', ...CURVE, ...signed, ...about, ...outputs(made)]);
      return made;
    },
  };
}

function pathsOf(folder: string, name: string): Identity {
  return { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
}

function outputs({ certificate, key }: Identity): string[] {
  return ['-out', certificate, '-keyout', key];
}

async function openssl(args: readonly string[]): Promise<void> {
  await run('openssl', [...args]);
}
