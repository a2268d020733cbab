import type { GatewayMessage } from '../../../../../src/edge/gateway/http/dialect.ts';
import type { HeaderLine } from '../../../../../src/lib/header-lines.ts';

/** A gateway's message with these header lines. */
export function messageOf(
  lines: readonly HeaderLine[],
  changes: Partial<GatewayMessage> = {},
): GatewayMessage {
  return { method: 'GET', target: '/', lines, body: Buffer.alloc(0), ...changes };
}

/** The lines without one, and with one twice, for each of these names: what a request that is not whole looks like. */
export function brokenLines(
  lines: readonly HeaderLine[],
  names: readonly string[],
): readonly (readonly [why: string, lines: readonly HeaderLine[]])[] {
  return names.flatMap((wanted) => {
    const others = lines.filter(([name]) => name !== wanted);
    const own = lines.filter(([name]) => name === wanted);
    return [
      [`without ${wanted}`, others],
      [`with ${wanted} twice`, [...others, ...own, ...own]],
      [`with another ${wanted} before it`, [[wanted, 'forged'], ...lines]],
      [`with another ${wanted} behind it`, [...lines, [wanted, 'forged']]],
    ] as const;
  });
}
