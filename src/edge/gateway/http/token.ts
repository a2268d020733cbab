import { readOnce } from '../../../lib/header-lines.ts';
import type { HeaderLine } from '../../../lib/header-lines.ts';
import { createSecretTest } from '../../../lib/same-secret.ts';
import { TOKEN_HEADER } from './headers.ts';

/** Whether a question came from the gateway. */
export type GatewayTest = (lines: readonly HeaderLine[]) => boolean;

/** Without a token whoever could connect is believed: the listener's socket or certificate has judged already. */
export function createGatewayTest(token: string | undefined): GatewayTest {
  if (token === undefined) return () => true;
  const isToken = createSecretTest(token);
  return (lines) => {
    const shown = readOnce(lines, TOKEN_HEADER);
    return shown !== undefined && isToken(shown);
  };
}
