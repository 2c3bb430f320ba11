// The clock of the platform, set to another time, which a test can put forward.
import { platformHost, type Host } from 'portico/dataflow';

export interface SetClock extends Host {
  /** Puts it forward; whatever is due by then is woken. */
  pass(ms: number): void;
}

export function setClock(startMs: number): SetClock {
  const host = platformHost();
  const timers = new Set<{
    readonly dueMs: number;
    readonly wake: () => void;
    readonly cancel: () => void;
  }>();
  let offsetMs = startMs - host.now();
  let entropy = 1;
  const now = (): number => host.now() + offsetMs;
  return {
    ...host,
    now,
    entropy: () => entropy++,
    log: () => undefined,
    after: (delayMs, wake) => {
      const woken = (): void => {
        timers.delete(timer);
        wake();
      };
      // Nobody lives on for what is far off.
      const cancel = host.after(delayMs, woken, delayMs > 5_000 ? 'aside' : undefined);
      const timer = { dueMs: now() + delayMs, wake: woken, cancel };
      timers.add(timer);
      return () => {
        cancel();
        timers.delete(timer);
      };
    },
    pass(ms) {
      offsetMs += ms;
      for (const { dueMs, wake, cancel } of [...timers].sort((a, b) => a.dueMs - b.dueMs)) {
        if (dueMs > now()) continue;
        cancel();
        wake();
      }
    },
  };
}
