import { toGrpcListener } from '../../src/compose/grpc-listener.ts';
import type { GrpcListener } from '../../src/compose/grpc-listener.ts';
import { load } from '../unit/config/world.ts';

/** The check listener as a configuration that says nothing of it opens it, but on any free port. */
export const ANY_PORT: GrpcListener = {
  ...toGrpcListener(load().document.check.grpc, undefined),
  listen: '127.0.0.1:0',
};
