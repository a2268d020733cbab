import type { HttpSecrets } from './document.ts';
import { TOKEN, TOKEN_EXPECTED } from './gateway-token.ts';
import type { Fault, KeyPath } from './problems.ts';
import type { HttpSection } from './schema/http.ts';
import { readSecret } from './secrets.ts';
import { readTls } from './tls.ts';
import type { TlsDocument, TlsPlace } from './tls.ts';

export interface HttpSecretsReading {
  /** In the order of the entrances, as are the certificates. */
  readonly secrets: readonly HttpSecrets[];
  readonly tls: readonly (TlsDocument | undefined)[];
  readonly faults: readonly Fault[];
  /** Certificates out of their time. */
  readonly notices: readonly Fault[];
}

/** Reads what the entrances of gateways over HTTP keep secret, and checks that no stranger can ask. */
export function readHttpSecrets(
  sections: readonly HttpSection[],
  place: Omit<TlsPlace, 'path'>,
): HttpSecretsReading {
  const readings = sections.map((section, index) =>
    readEntrance(section, { ...place, path: ['check', 'http', index] }),
  );
  return {
    secrets: readings.map(({ secrets }) => secrets),
    tls: readings.map(({ tls }) => tls),
    faults: readings.flatMap(({ faults }) => faults),
    notices: readings.flatMap(({ notices }) => notices),
  };
}

interface EntranceReading {
  readonly secrets: HttpSecrets;
  readonly tls: TlsDocument | undefined;
  readonly faults: readonly Fault[];
  readonly notices: readonly Fault[];
}

function readEntrance(section: HttpSection, place: TlsPlace): EntranceReading {
  const { tls, key, faults, notices } = readTls(section.tls, { ...place, path: [...place.path, 'tls'] });
  const token = readToken(section, place);
  return {
    secrets: {
      ...(token.text === undefined ? {} : { token: token.text }),
      ...(key === undefined ? {} : { tlsKey: key }),
    },
    tls,
    faults: [...faults, ...token.faults],
    notices,
  };
}

interface TokenReading {
  readonly text: string | undefined;
  readonly faults: readonly Fault[];
}

/** A unix socket's rights and a certificate's names say who may ask, too; a port alone says nothing, not even on loopback. */
function readToken(section: HttpSection, { source, path: entrance, readFile }: TlsPlace): TokenReading {
  const path: KeyPath = [...entrance, 'token'];
  const reading = readSecret(section.token, { source, path, readFile });
  if (!('text' in reading)) return { text: undefined, faults: [reading] };
  const { text } = reading;
  if (text !== undefined && !TOKEN.test(text)) {
    return { text: undefined, faults: [{ path, message: TOKEN_EXPECTED }] };
  }
  const isKnownOtherwise = section.listen.startsWith('unix:') || section.tls?.client_ca !== undefined;
  return { text, faults: text === undefined && !isKnownOtherwise ? [{ path, message: NEEDED }] : [] };
}

const NEEDED = 'is missing: on a port the gateway must prove itself, by this or by tls.client_ca';
