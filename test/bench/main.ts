import { cpus, release } from 'node:os';
import { benchInProcess } from './in-process.ts';
import { benchOverGrpc } from './over-grpc.ts';

const [cpu] = cpus();
process.stdout.write(
  `Node ${process.version}, Linux ${release()}, ${cpus().length} × ${cpu?.model ?? 'unknown'}\n\n`,
);
process.stdout.write(`One decision in process:\n\n${benchInProcess()}\n\n`);
process.stdout.write(`One Check over gRPC, 2 connections × 32 streams:\n\n${await benchOverGrpc()}\n`);
