/** What was opened, to be closed in reverse order. */
export interface Closing {
  add(close: () => unknown): void;
  /** Parts that are opened later and yet closed as if they had been opened by now. */
  addGroup(): Closing;
  /** Closes everything, each after the one before has ended, whatever became of that. Never rejects; asked again, it answers when the first is done. */
  closeAll(): Promise<void>;
}

/** `onFailure` is told of each part that could not be closed. */
export function createClosing(onFailure: (error: unknown) => void): Closing {
  const parts: (() => unknown)[] = [];
  let done: Promise<void> | undefined;
  const closeEach = async (): Promise<void> => {
    for (const close of parts.toReversed()) {
      try {
        await close();
      } catch (error) {
        onFailure(error);
      }
    }
  };
  return {
    add: (close) => void parts.push(close),
    addGroup() {
      const group = createClosing(onFailure);
      parts.push(() => group.closeAll());
      return group;
    },
    closeAll: () => (done ??= closeEach()),
  };
}
