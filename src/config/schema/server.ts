import * as z from 'zod';
import { grpcListener } from './grpc.ts';
import { httpListeners } from './http.ts';
import { listenOrOff, tcpListenOrOff } from './listen.ts';
import { secretText } from './secret-text.ts';
import { durationBetween } from './text.ts';

const APIS_MAX = 256;
const RETIRED_MAX = 2;
const URL_CHARS_MAX = 1_024;
/** Below, no remote store could answer; above, every gateway has given up. */
const BUDGET_MIN_MS = 5;
const BUDGET_MAX_MS = 10_000;

function urlOf({ scheme, meant, later }: { scheme: string; meant: string; later: RegExp }) {
  return z
    .string()
    .max(URL_CHARS_MAX, `expected at most ${URL_CHARS_MAX} characters`)
    .superRefine((text, context) => {
      if (later.test(text)) {
        context.addIssue({ code: 'custom', message: `not available in this version; expected ${meant}` });
      } else if (!text.startsWith(scheme) || (meant !== scheme && text.length === scheme.length)) {
        context.addIssue({ code: 'custom', message: `expected ${meant}` });
      } else if (meant === scheme && text !== scheme) {
        context.addIssue({ code: 'custom', message: `expected ${meant} and nothing behind it` });
      }
    });
}

const storeUrl = urlOf({ scheme: 'sqlite:', meant: 'sqlite:<path of a file>', later: /^postgres(?:ql)?:/ });
const countersUrl = urlOf({ scheme: 'memory:', meant: 'memory:', later: /^rediss?:/ });

const secretEntry = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/, 'expected an id: 1 to 32 of A-Z a-z 0-9 _ -'),
  secret: secretText,
});

const secretRing = z.strictObject({
  current: secretEntry,
  retired: z.array(secretEntry).max(RETIRED_MAX).default([]),
});

/** `config/tollgate.yaml`, section by section. */
export const serverShape = {
  mode: z.enum(['development', 'production']).default('development'),
  check: z
    .strictObject({
      grpc: grpcListener,
      http: httpListeners,
      budget: durationBetween(BUDGET_MIN_MS, BUDGET_MAX_MS).prefault('120ms'),
    })
    .prefault({}),
  public: z.strictObject({ listen: listenOrOff.default('127.0.0.1:8080'), token: secretText }).prefault({}),
  admin: z.strictObject({ listen: listenOrOff.default('127.0.0.1:8081') }).prefault({}),
  telemetry: z.strictObject({ listen: tcpListenOrOff.default('127.0.0.1:9464') }).prefault({}),
  store: z.strictObject({ url: storeUrl.default('sqlite:var/tollgate.db') }).prefault({}),
  counters: z.strictObject({ url: countersUrl.default('memory:') }).prefault({}),
  apis: z.array(z.string().min(1, 'expected the path of a file')).min(1).max(APIS_MAX),
  secrets: z.strictObject({ pepper: secretRing.optional(), sealing_key: secretRing.optional() }).prefault({}),
};

export const serverSchema = z.strictObject(serverShape);
export type ServerSections = z.output<typeof serverSchema>;
export type SecretRingSection = z.output<typeof secretRing>;
