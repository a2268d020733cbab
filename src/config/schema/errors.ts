import * as z from 'zod';
import type { RefusalCode } from '../../domain/decision.ts';
import type { JsonObject, JsonValue } from '../../edge/render/json-template.ts';
import { REFUSAL_CODES } from '../../edge/render/status.ts';
import { sentence } from './text.ts';

/** Whatever YAML holds is JSON, once the template's own check has passed it. */
export const json = z.custom<JsonValue>((value) => value !== undefined, 'expected a value');
const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected a section',
);

const row = z.strictObject({
  same_as: z.enum(REFUSAL_CODES).optional(),
  status: z.int().min(400).max(599).optional(),
  code: sentence.optional(),
  message: sentence.optional(),
  details: jsonObject.optional(),
});

const rows = Object.fromEntries(REFUSAL_CODES.map((code) => [code, row.optional()])) as Record<
  RefusalCode,
  z.ZodOptional<typeof row>
>;

export const errors = z.strictObject({
  body: json,
  content_type: z
    .string()
    .regex(/^application\/(?:[a-z0-9.-]+\+)?json(?:; charset=utf-8)?$/, 'expected a JSON media type')
    .default('application/json'),
  ...rows,
});

export type ErrorsSection = z.output<typeof errors>;
export type RowSection = z.output<typeof row>;
