import { runLoad } from './load.ts';
import type { LoadPlan } from './load.ts';
import { runOpenLoad } from './open-load.ts';
import type { OpenPlan } from './open-load.ts';

/*
 * A process that loads a server as its parent says, one order after another, and answers each with its result or an error.
 */

/** What was `kept` under a name is what later orders send: the same messages do not travel twice. */
export type Order =
  | { readonly kind: 'keep'; readonly name: string; readonly messages: readonly Uint8Array[] }
  | { readonly kind: 'closed'; readonly name: string; readonly plan: Omit<LoadPlan, 'messages'> }
  | { readonly kind: 'open'; readonly name: string; readonly plan: Omit<OpenPlan, 'messages'> };

const kept = new Map<string, readonly Uint8Array[]>();

async function obey(order: Order): Promise<unknown> {
  if (order.kind === 'keep') {
    kept.set(order.name, order.messages);
    return undefined;
  }
  const messages = kept.get(order.name);
  if (messages === undefined) throw new Error(`nothing is kept as ${order.name}`);
  return order.kind === 'closed'
    ? runLoad({ ...order.plan, messages })
    : runOpenLoad({ ...order.plan, messages });
}

process.on('message', (order) => {
  obey(order as Order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
