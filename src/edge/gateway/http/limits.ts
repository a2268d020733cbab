/*
 * The bounds of every listener that gateways ask over HTTP/1.1. None depends on the gateway: what differs between dialects
 * stands in the dialect.
 */

/** Open connections of one listener; one more is closed at once. Gateways keep few, each of them busy. */
export const CONNECTIONS_MAX = 4_096;
/** Request line and headers together: the 64 KB that a recipe lets clients send at most, and what the gateway adds. Node answers 431 above it. */
export const HEADER_BYTES_MAX = 72 * 1_024;
/** Header lines of a request; with more it is unreadable, because gateways stop counting at different numbers. */
export const HEADER_LINES_MAX = 256;
/** What a TLS handshake, then the headers of a first request get to arrive in. */
export const HANDSHAKE_MS = 5_000;
export const HEADERS_MS = 5_000;
/** What a whole request gets to arrive in. */
export const REQUEST_MS = 10_000;
/** How often overdue requests are looked for. */
export const OVERDUE_CHECK_MS = 1_000;
/** Longer than any gateway lets a connection rest: the one who sends must be the one who closes, or a check meets a closing end. */
export const IDLE_MS = 600_000;
/** A check that has no answer by then never gets one, whatever became of it: its place is free again. Longer than any budget. */
export const ANSWER_MS_MAX = 15_000;
