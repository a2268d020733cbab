import { AttributeContext_HttpRequest, CheckRequest, CheckResponse } from '@envoyproxy/ext-authz-types';
import { Client, credentials, Metadata } from '@grpc/grpc-js';

const CHECK = '/envoy.service.auth.v3.Authorization/Check';
/** Catches what hangs; no test waits for it. */
const CALL_MS_DEFAULT = 15_000;

/** What a gateway asks about. */
export interface Asked {
  readonly host: string;
  readonly path: string;
  /** '' for none. */
  readonly key: string;
  readonly method?: string;
  /** The gateway's own id of the request: the same one makes it a repeat. */
  readonly id?: string;
  /** By lower-case name, besides the key's. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly allowed: boolean;
  /** 200 where allowed. */
  readonly status: number;
  readonly body: string;
}

export interface CheckClient {
  /** Rejects with the gRPC error where there is no answer. */
  check(asked: Asked): Promise<Answered>;
  close(): void;
}

/** A gateway of tests: one HTTP/2 connection to the address, `callMs` for each call. */
export function createCheckClient(
  address: string,
  { callMs = CALL_MS_DEFAULT }: { readonly callMs?: number } = {},
): CheckClient {
  const client = new Client(address, credentials.createInsecure(), {
    // Clients of one address would otherwise share a connection, also over a restart of the server.
    'grpc.use_local_subchannel_pool': 1,
  });
  return {
    check(asked) {
      const { promise, resolve, reject } = Promise.withResolvers<Answered>();
      client.makeUnaryRequest(
        CHECK,
        (request: CheckRequest) => Buffer.from(CheckRequest.encode(request).finish()),
        (bytes) => CheckResponse.decode(bytes),
        toCheck(asked),
        new Metadata(),
        { deadline: Date.now() + callMs },
        (error, response) => {
          if (error !== null) reject(error);
          else if (response === undefined) reject(new Error('no answer'));
          else resolve(fromResponse(response));
        },
      );
      return promise;
    },
    close: () => client.close(),
  };
}

export function toCheck({
  host,
  path,
  key,
  method = 'GET',
  id = '',
  headers: others = {},
}: Asked): CheckRequest {
  const headers = new Map(Object.entries(others));
  if (key !== '') headers.set('authorization', `Bearer ${key}`);
  const http = { ...AttributeContext_HttpRequest.decode(new Uint8Array()), id, method, host, path, headers };
  return {
    attributes: {
      source: undefined,
      destination: undefined,
      request: { time: undefined, http },
      contextExtensions: new Map(),
    },
  };
}

function fromResponse({ status, httpResponse }: CheckResponse): Answered {
  if (status?.code === 0 && httpResponse?.$case === 'okResponse') {
    return { allowed: true, status: 200, body: '' };
  }
  if (httpResponse?.$case !== 'deniedResponse') throw new Error('neither allowed nor denied');
  return { allowed: false, status: httpResponse.value.status?.code ?? 0, body: httpResponse.value.body };
}
