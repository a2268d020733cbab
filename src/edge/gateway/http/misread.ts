import type { Server } from 'node:http';

/** Why what came on a connection is no request: it is none of HTTP/1.1 within its bounds, or was not whole in time. */
export type Misread = 'protocol' | 'stalled';

const OVERDUE = 'ERR_HTTP_REQUEST_TIMEOUT';
/** What a peer breaks off has nobody refused. */
const BROKEN_OFF = 'HPE_INVALID_EOF_STATE';

/** As Node answers where nobody listens to these errors; every other is a 400. */
const STATUS_LINES: Readonly<Partial<Record<string, string>>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  [OVERDUE]: '408 Request Timeout',
};

/** Answers what cannot be read, ends its connection, and tells why, once a connection. */
export function refuseMisread(server: Server, onMisread: (reason: Misread) => void): void {
  server.on('clientError', (error, socket) => {
    // The rest of what cannot be read is no second mistake.
    if (socket.writableEnded) return;
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    const reason = findMisread(code);
    if (reason !== undefined) onMisread(reason);
    // A connection that broke hears nothing more.
    if (code !== BROKEN_OFF && reason === undefined) socket.destroy();
    else socket.end(toAnswer(code), () => socket.destroy());
  });
}

function findMisread(code: string): Misread | undefined {
  if (code === OVERDUE) return 'stalled';
  return code.startsWith('HPE_') && code !== BROKEN_OFF ? 'protocol' : undefined;
}

function toAnswer(code: string): string {
  const statusLine = STATUS_LINES[code] ?? '400 Bad Request';
  return `HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
