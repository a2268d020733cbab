import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** A chain has three or four, a bundle of authorities a few hundred. */
const CERTIFICATES_MAX = 1_000;

/** The certificates of a PEM text in their order (RFC 7468 §5); undefined where it holds none, too many, or one that cannot be read. */
export function parseCertificates(pem: string): readonly X509Certificate[] | undefined {
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length === 0 || blocks.length > CERTIFICATES_MAX) return undefined;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** A private key in PEM without a passphrase; undefined where the text is anything else. */
export function parsePrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** Says when the first certificate of a PEM text that is out of its time was, or will be, valid; undefined where all are in theirs. */
export function findStale(pem: string, nowMs: number): string | undefined {
  const stale = (parseCertificates(pem) ?? []).find(
    ({ validFromDate, validToDate }) => nowMs < validFromDate.getTime() || validToDate.getTime() < nowMs,
  );
  return stale && `a certificate is valid from ${stale.validFrom} to ${stale.validTo}`;
}
