import { MessageChannel } from 'node:worker_threads';
import { createDirectChannel, fromMessagePort } from '../../../src/link/channel.ts';
import type { Channel } from '../../../src/link/channel.ts';

/** Each carrier by its name, and how to make both ends of it. */
export const CARRIERS: readonly [string, () => readonly [Channel, Channel]][] = [
  ['direct', createDirectChannel],
  [
    'a message port',
    () => {
      const { port1, port2 } = new MessageChannel();
      return [fromMessagePort(port1), fromMessagePort(port2)];
    },
  ],
];
