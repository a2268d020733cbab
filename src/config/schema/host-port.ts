import * as z from 'zod';

const HOST_AND_PORT = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253}):(?<port>\d{1,5})$/;
const PORT_MAX = 65_535;

/** Whether a text is `host:port` or `[v6]:port`. */
export function isHostAndPort(text: string): boolean {
  return Number(HOST_AND_PORT.exec(text)?.groups?.['port'] ?? Number.NaN) <= PORT_MAX;
}

/** Where a server for clients on the network listens, if it does. */
export const hostPortOrOff = z.string().refine((text) => text === 'off' || isHostAndPort(text), {
  error: 'expected host:port (port 0: any free one) or off',
});
