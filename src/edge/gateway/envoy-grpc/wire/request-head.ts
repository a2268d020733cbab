import { GRPC } from '../../../../lib/grpc-code.ts';
import { GrpcError } from '../grpc-error.ts';
import type { CallInfo, Method, Methods } from '../transport.ts';
import { ROLE } from './field.ts';
import type { Field } from './field.ts';
import { isGrpc, readTimeoutMs } from './grpc.ts';
import type { FieldSink } from './hpack-decoder.ts';

/** An answer of HTTP, for who does not speak gRPC. */
export interface HttpRefusal {
  readonly status: 405 | 415 | 431;
  /** '' for an answer to HEAD, which has none (RFC 9110 §9.3.2). */
  readonly text: string;
}

export type Refusal = HttpRefusal | GrpcError;

/** What a call's headers say. Calls with the same headers share one. */
export interface RequestHead extends CallInfo {
  /** undefined where the path names none. */
  readonly method: Method | undefined;
  /** NO_LENGTH where it is not said. */
  readonly contentLength: number;
  /** Why the call is refused, whatever its message is. */
  readonly refusal: Refusal | undefined;
  /** Refused for its length: that is no oversight of a client's. */
  readonly isTooLong: boolean;
}

export const NO_LENGTH = -1;

const CONTENT_LENGTH = /^\d{1,15}$/;
const BAD_TIMEOUT = -1;

/** Reads the fields of one request after another, and judges each (RFC 9113 §8). */
export class RequestHeadReader implements FieldSink {
  private readonly methods: Methods;
  private readonly listBytesMax: number;
  private readonly pseudo: (string | undefined)[] = [];
  private isMalformed = false;
  private hasPlain = false;
  private listBytes = 0;
  private contentType: string | undefined;
  private contentLength = NO_LENGTH;
  private timeoutMs = Infinity;
  private isEncoded = false;

  constructor(methods: Methods, listBytesMax: number) {
    this.methods = methods;
    this.listBytesMax = listBytesMax;
  }

  begin(): void {
    this.pseudo.fill(undefined);
    this.isMalformed = false;
    this.hasPlain = false;
    this.listBytes = 0;
    this.contentType = undefined;
    this.contentLength = NO_LENGTH;
    this.timeoutMs = Infinity;
    this.isEncoded = false;
  }

  add(field: Field): void {
    this.listBytes += field.sizeBytes;
    if (field.isFaulty) this.isMalformed = true;
    switch (field.role) {
      case ROLE.method:
      case ROLE.scheme:
      case ROLE.authority:
      case ROLE.path:
        return this.addPseudo(field);
      case ROLE.foreignPseudo:
        this.isMalformed = true;
        return;
      default:
        this.hasPlain = true;
        return this.addPlain(field);
    }
  }

  /** undefined where the request is malformed: a stream error. */
  finish(): RequestHead | undefined {
    const httpMethod = this.pseudo[ROLE.method];
    if (this.isMalformed || httpMethod === undefined || !this.hasTarget(httpMethod)) return undefined;
    const isTooLong = this.listBytes > this.listBytesMax;
    return {
      method: this.methods.get(this.pseudo[ROLE.path] ?? ''),
      timeoutMs: this.timeoutMs,
      contentLength: this.contentLength,
      refusal: this.findRefusal(httpMethod, isTooLong),
      isTooLong,
    };
  }

  /** Once each, and before all others (RFC 9113 §8.3). */
  private addPseudo({ role, value }: Field): void {
    if (this.hasPlain || this.pseudo[role] !== undefined) this.isMalformed = true;
    this.pseudo[role] = value;
  }

  private addPlain({ role, value }: Field): void {
    if (role === ROLE.contentType) {
      this.contentType ??= value;
    } else if (role === ROLE.contentLength) {
      const length = CONTENT_LENGTH.test(value) ? Number(value) : Number.NaN;
      if (Number.isNaN(length) || (this.contentLength !== NO_LENGTH && this.contentLength !== length)) {
        this.isMalformed = true;
      }
      this.contentLength = length;
    } else if (role === ROLE.grpcTimeout) {
      this.timeoutMs = readTimeoutMs(value) ?? BAD_TIMEOUT;
    } else if (role === ROLE.grpcEncoding) {
      this.isEncoded = value !== 'identity';
    }
  }

  /** RFC 9113 §8.3.1, §8.5. */
  private hasTarget(httpMethod: string): boolean {
    const { pseudo } = this;
    if (httpMethod === 'CONNECT') return pseudo[ROLE.authority] !== undefined;
    return pseudo[ROLE.scheme] !== undefined && (pseudo[ROLE.path] ?? '') !== '';
  }

  private findRefusal(httpMethod: string, isTooLong: boolean): Refusal | undefined {
    const speaksGrpc = this.contentType !== undefined && isGrpc(this.contentType);
    const hasBody = httpMethod !== 'HEAD';
    if (isTooLong && !speaksGrpc) return refuse(431, 'header list too long', hasBody);
    if (httpMethod !== 'POST') return refuse(405, 'only POST', hasBody);
    if (!speaksGrpc) return refuse(415, 'only application/grpc', hasBody);
    if (isTooLong) return new GrpcError(GRPC.resourceExhausted, 'header list too long');
    if (this.timeoutMs === BAD_TIMEOUT) return new GrpcError(GRPC.internal, 'malformed grpc-timeout');
    if (this.isEncoded) return new GrpcError(GRPC.unimplemented, 'only grpc-encoding identity');
    return undefined;
  }
}

function refuse(status: HttpRefusal['status'], text: string, hasBody: boolean): HttpRefusal {
  return { status, text: hasBody ? `${text}\n` : '' };
}

/** Trailers say nothing to us, but may be malformed (RFC 9113 §8.1). */
export class TrailersReader implements FieldSink {
  isMalformed = false;

  begin(): void {
    this.isMalformed = false;
  }

  add({ name, isFaulty }: Field): void {
    if (isFaulty || name.startsWith(':')) this.isMalformed = true;
  }
}
