const PORT = /^\d{1,5}$/;
const PORT_MAX = 65_535;

/** Whether a text is the number of a TCP port, 0 included. */
export function isPort(text: string): boolean {
  return PORT.test(text) && Number(text) <= PORT_MAX;
}
