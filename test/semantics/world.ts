/** A system of actors in simulated time, as the tests of this folder use it. */
import { explain, type PorticoError } from 'portico/dataflow';
import { start, type ActorRef, type ActorSystem, type Behavior, type StartOptions } from 'portico';
import { virtualHost, type VirtualHost } from 'portico/testing';

/** What became of a promise, as far as can be told now. */
export type Settled = { readonly reply: unknown } | { readonly error: PorticoError } | 'waiting';

export interface World extends AsyncDisposable {
  readonly system: ActorSystem;
  readonly host: VirtualHost;
  /** What actors have emitted so far. */
  readonly said: unknown[];
  /** Creates an actor outside, and lets the system come to rest. */
  create<M>(behavior: Behavior<M>, name?: string): Promise<ActorRef<M>>;
  /** Sends these messages from outside, and lets the system come to rest. */
  tell<M>(ref: ActorRef<M>, ...messages: readonly NoInfer<M>[]): Promise<void>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  /** Lets the system come to rest. */
  rest(): Promise<void>;
  /** Why messages were set aside, and which. */
  letters(): [reason: string, message: unknown][];
  /** The lines of the log. */
  lines(): unknown[];
  /** How many actors there are, or messages that wait for one. */
  cells(): number;
  /** How many timers are set, those of asks among them. */
  timers(): number;
}

export async function world(options: StartOptions = {}): Promise<World> {
  const host = virtualHost();
  const system = await start({ host, seed: 1, ...options });
  const said: unknown[] = [];
  system.subscribe((value) => said.push(value));
  const rest = (): Promise<void> => host.run();
  return {
    system,
    host,
    said,
    rest,
    create: async (behavior, name) => {
      const ref = system.create(behavior, name === undefined ? {} : { name });
      await rest();
      return ref;
    },
    tell: async (ref, ...messages) => {
      for (const message of messages) void system.send(ref, message);
      await rest();
    },
    pass: (ms) => host.advance(ms),
    letters: () => system.deadLetters.list().map(({ reason, message }) => [reason, message]),
    lines: () => host.records.map(({ value }) => value),
    cells: () => counted(system, /(\d+) cells? in ActorRuntime/),
    timers: () => counted(system, /(\d+) waiting for the clock/),
    [Symbol.asyncDispose]: () => system.stop(),
  };
}

/** What became of a promise once the system has come to rest. */
export async function settled(host: VirtualHost, promise: Promise<unknown>): Promise<Settled> {
  let found: Settled = 'waiting';
  promise.then(
    (reply) => (found = { reply }),
    (error: unknown) => (found = { error: error as PorticoError }),
  );
  await host.run();
  return found;
}

function counted(system: ActorSystem, what: RegExp): number {
  return Number(what.exec(explain(system.dataflow))?.[1] ?? 0);
}
