const OUTAGE = 'outages: ';

/** The title of a trial in which Tollgate does not decide: what is let through then is let through by another mistake. */
export function outageTitle(what: string): string {
  return `${OUTAGE}${what}`;
}

export function isOutage(title: string): boolean {
  return title.startsWith(OUTAGE);
}

/** Whether a trial is a gRPC client's, as the table names them. */
export function isGrpc(title: string): boolean {
  return title.includes(': a gRPC client ');
}
