/** Systems that follow each other on one store, each of them in a simulated platform; the power may fail between them. */
import { startSystem, type Application, type RunningOptions, type RunningSystem } from 'portico/dataflow';
import { virtualHost, type VirtualHost } from 'portico/testing';
import { CrashStore } from './crash-store.ts';

export interface Life {
  readonly system: RunningSystem;
  readonly host: VirtualHost;
}

export class Lives {
  readonly store: CrashStore = new CrashStore();
  #nowMs = 0;
  #life: Life | undefined;

  /** Starts a system with these applications, after the power has failed for the one before. */
  async begin(applications: readonly Application[], options: RunningOptions = {}): Promise<Life> {
    this.crash();
    const host = virtualHost({ startMs: this.#nowMs });
    const system = await startSystem({ applications, store: this.store, host, seed: 1, ...options });
    this.#life = { system, host };
    return this.#life;
  }

  /** The power fails, and comes back after a while. */
  crash(forMs = 0): void {
    this.store.crash();
    this.#nowMs = Math.max(this.#nowMs, this.#life?.host.now() ?? 0) + forMs;
    this.#life = undefined;
  }
}

/** Waits for something that takes a run of the host. */
export async function within<T>({ host }: Life, promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  await host.run();
  return promise;
}
