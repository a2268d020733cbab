import * as z from 'zod';
import { HTTP_DIALECTS } from '../../domain/request.ts';
import { listen, socketMode, tls } from './grpc.ts';
import { secretText } from './secret-text.ts';

const LISTENERS_MAX = 16;

/** One gateway's entrance over HTTP: what it speaks is said here and never guessed from what comes. */
const httpListener = z.strictObject({
  listen,
  dialect: z.enum(HTTP_DIALECTS),
  token: secretText,
  socket_mode: socketMode.default('0660'),
  tls: tls.optional(),
});

/** The entrances of gateways that ask over HTTP; none: off. */
export const httpListeners = z.array(httpListener).max(LISTENERS_MAX).default([]);

export type HttpSection = z.output<typeof httpListener>;
