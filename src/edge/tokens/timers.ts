/** Runs something once, later, unless it is cancelled before. */
export type After = (delayMs: number, run: () => void) => Cancel;
export type Cancel = () => void;

/** The runtime's timers; none of them keeps the process alive. */
export const afterOnRuntime: After = (delayMs, run) => {
  const timer = setTimeout(run, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
};
