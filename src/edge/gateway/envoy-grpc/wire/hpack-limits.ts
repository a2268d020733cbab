/** Bytes of the dynamic table: SETTINGS_HEADER_TABLE_SIZE as it is where nobody changes it; we do not (RFC 9113 §6.5.2). */
export const TABLE_BYTES_MAX = 4_096;
/** What a field counts beyond its text (RFC 7541 §4.1). */
export const FIELD_OVERHEAD_BYTES = 32;
/** An integer's bytes after its prefix: more than any length or index that passes our bounds needs. */
export const INTEGER_BYTES_MAX = 4;
/** A name or a value as it is written; no header block is longer than this. */
export const HEADER_STRING_BYTES_MAX = 32_768;
