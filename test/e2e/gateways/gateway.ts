/** A real gateway in front of an application, asking a Tollgate. */
export interface Gateway {
  /** Of 127.0.0.1, where clients ask. */
  readonly port: number;
  /** Where it speaks HTTP/2 in clear text; absent: on the same port. */
  readonly http2Port?: number;
  /** Absent: `http`. */
  readonly scheme?: 'https';
  /** What it complained of, in its own words; absent where nothing says so. */
  readErrors?(): Promise<string>;
  stop(): Promise<void>;
}

/** What stands around a gateway, all of it on 127.0.0.1. */
export interface GatewayPlace {
  readonly binary: string;
  /** Where it asks about requests. */
  readonly authzPort: number;
  readonly appPort: number;
  /** Of Tollgate's own endpoints. */
  readonly publicPort: number;
  readonly token: string;
  /** Makes another recipe of the repository's, before ports are put in; absent: as it stands. */
  readonly alter?: (recipe: string) => string;
}
