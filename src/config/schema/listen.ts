import * as z from 'zod';

const LISTEN = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253}):(?<port>\d{1,5})$/;
const PORT_MAX = 65_535;
/** `sun_path` of a socket address has 108 bytes on Linux and 104 on macOS, one of them for the end. */
export const SOCKET_PATH_CHARS_MAX = 103;
/** A socket is made in a folder beside its place: `/.tg-XXXXXX/s`. */
export const SOCKET_FOLDER_CHARS_MAX = SOCKET_PATH_CHARS_MAX - 13;

export const OFF = 'off';

/** `127.0.0.1:9000`, `[::1]:0`, `gateway.internal:443`. */
function isHostAndPort(text: string): boolean {
  return Number(LISTEN.exec(text)?.groups?.['port'] ?? Number.NaN) <= PORT_MAX;
}

/** `host:port` or `unix:/path`. */
export function isListen(text: string): boolean {
  if (!text.startsWith('unix:')) return isHostAndPort(text);
  const path = text.slice('unix:'.length);
  return (
    path !== '' && path.length <= SOCKET_PATH_CHARS_MAX && path.lastIndexOf('/') <= SOCKET_FOLDER_CHARS_MAX
  );
}

/** Where a listener that may be left out listens. */
export const listenOrOff = z.string().refine((text) => text === OFF || isListen(text), {
  error: 'expected host:port (port 0: any free one), unix:/path/of/socket, or off',
});

/** The same without sockets: for what asks over TCP alone. */
export const tcpListenOrOff = z.string().refine((text) => text === OFF || isHostAndPort(text), {
  error: 'expected host:port (port 0: any free one) or off',
});
