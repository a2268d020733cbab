/** A real gateway in front of an application, asking a Tollgate. */
export interface Gateway {
  /** Of 127.0.0.1, where clients ask. */
  readonly port: number;
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
}
