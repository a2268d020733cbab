import type { MessagePort } from 'node:worker_threads';

/** Two ends that hand each other messages in order. Nothing above knows whether a thread lies between. */
export interface Channel {
  post(message: unknown): void;
  /** Takes the one receiver; messages that came before are delivered then. */
  onMessage(receive: (message: unknown) => void): void;
  /** Called once, when the other end has closed or its thread has ended. */
  onClose(closed: () => void): void;
  close(): void;
}

/** A channel over one end of a MessageChannel: messages are copied by structured cloning. */
export function fromMessagePort(port: MessagePort): Channel {
  return {
    post: (message) => port.postMessage(message),
    onMessage: (receive) => void port.on('message', receive),
    onClose: (closed) => void port.once('close', closed),
    close: () => port.close(),
  };
}

/** Two ends in one thread. A message arrives in a later turn of the loop, as between threads, and is not copied. */
export function createDirectChannel(): readonly [Channel, Channel] {
  const left = new DirectEnd();
  const right = new DirectEnd();
  left.connect(right);
  right.connect(left);
  return [left, right];
}

class DirectEnd implements Channel {
  private other: DirectEnd | undefined;
  private receive: ((message: unknown) => void) | undefined;
  private readonly closers: (() => void)[] = [];
  private waiting: unknown[] = [];
  private scheduled = false;
  private open = true;

  connect(other: DirectEnd): void {
    this.other = other;
  }

  post(message: unknown): void {
    if (this.open) this.other?.accept(message);
  }

  onMessage(receive: (message: unknown) => void): void {
    this.receive = receive;
    this.schedule();
  }

  onClose(closed: () => void): void {
    this.closers.push(closed);
  }

  /** This end hears nothing more; what it has sent still arrives at the other. */
  close(): void {
    if (!this.open) return;
    this.waiting = [];
    this.end();
    this.other?.end();
  }

  private end(): void {
    this.open = false;
    // Behind the messages that are scheduled already.
    for (const closed of this.closers.splice(0)) setImmediate(closed);
  }

  private accept(message: unknown): void {
    this.waiting.push(message);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.receive === undefined || this.waiting.length === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      const messages = this.waiting;
      this.waiting = [];
      for (const message of messages) this.receive?.(message);
    });
  }
}
