import type { Eventually } from '../../ports.ts';

/** Goes on at once where the value is there, later where it is a promise. */
export function andThen<T, U>(value: Eventually<T>, next: (value: T) => Eventually<U>): Eventually<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
