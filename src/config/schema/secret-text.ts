import * as z from 'zod';

const SECRET_CHARS_MAX = 4_096;

/** A secret stands here only as a reference; `null` and '' mean that none is given. */
export const secretText = z
  .string()
  .max(SECRET_CHARS_MAX, `expected at most ${SECRET_CHARS_MAX} characters`)
  .nullish();
