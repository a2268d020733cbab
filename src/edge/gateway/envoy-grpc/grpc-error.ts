import type { GrpcCode } from '../../../lib/grpc-code.ts';

/** Why a call gets no answer. The message is sent: it is a fixed sentence, never text of a request or of another error. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: GrpcCode;

  constructor(code: GrpcCode, message: string) {
    super(message);
    this.code = code;
  }
}
