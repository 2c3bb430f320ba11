/**
 * Lets something else decide in which order messages arrive. A stage before the actors holds back what they send, and lets
 * one message through at a time.
 *
 * I1. From one actor to another, messages keep the order in which they were sent; so do those from outside to one actor.
 * I2. Creations keep their order, and go before everything else: actors are told apart by the order of their creation.
 * I3. The next message is let through when the one before has been handled with all that it made the actor do.
 * I4. A choice of 0 is the message that has waited longest: all zeros is the order without this stage.
 */
import { ActorCreate, ActorSend, type Key } from '../index.ts';
import { NeverCreated } from '../messages.ts';
import type { ActorRuntime } from '../runtime.ts';
import { workflowAround, type ActorTask, type WorkflowOf } from '../workflow.ts';

/** A message that an actor was given. */
export interface Delivery {
  /** Who sent it; undefined if it came from outside. */
  readonly from: Key | undefined;
  readonly to: Key;
  readonly value: unknown;
}

/** A number from 0 up to but not including `bound`. */
export type Choose = (bound: number) => number;

/** The workflow of actors in which `choose` decides who is next, and `delivered` is told. */
export function interleaved(choose: Choose, delivered: (delivery: Delivery) => void): WorkflowOf {
  return (app, stream, config) => {
    const lanes = new Lanes(choose);
    let busy = false;
    const letThrough = (t: Sending): void => {
      const next = busy ? undefined : lanes.take();
      if (next === undefined) return;
      busy = true;
      delivered(next);
      t.emitTo(next.to, next.value);
    };
    return workflowAround(
      (source) =>
        source
          .key(() => 0)
          .withName('all in one place')
          .processor<unknown>((value, t) => {
            if (value === HANDLED) busy = false;
            else lanes.add(value instanceof Sent ? value : fromOutside(value));
            letThrough(t);
          })
          .withName('one at a time'),
      handledOneByOne,
      app,
      stream,
      config ?? {},
    );
  };
}

/** The messages that wait, in lanes that keep their order (I1). */
class Lanes {
  readonly #choose: Choose;
  readonly #creations: Delivery[] = [];
  /** By sender and receiver. None is empty. */
  readonly #lanes = new Map<string, Waiting[]>();
  #count = 0;

  constructor(choose: Choose) {
    this.#choose = choose;
  }

  add(delivery: Delivery): void {
    const { from, to, value } = delivery;
    // I2.
    if ((value instanceof ActorCreate || value instanceof NeverCreated) && typeof to === 'number') {
      this.#creations.push(delivery);
      return;
    }
    const name = `${typeof from} ${String(from)} ${typeof to} ${String(to)}`;
    const lane = this.#lanes.get(name);
    const waiting: Waiting = { delivery, since: this.#count++ };
    if (lane === undefined) this.#lanes.set(name, [waiting]);
    else lane.push(waiting);
  }

  take(): Delivery | undefined {
    if (this.#creations.length > 0) return this.#creations.shift();
    // I4.
    const open = [...this.#lanes].sort(([, [a]], [, [b]]) => (a?.since ?? 0) - (b?.since ?? 0));
    const [name, lane] = open[open.length > 1 ? this.#choose(open.length) : 0] ?? [];
    if (name === undefined || lane === undefined) return undefined;
    const next = lane.shift();
    if (lane.length === 0) this.#lanes.delete(name);
    return next?.delivery;
  }
}

interface Waiting {
  readonly delivery: Delivery;
  readonly since: number;
}

/** The task of the actors, saying who sends what, and when it has handled a message. */
function handledOneByOne(runtime: ActorRuntime): ActorTask {
  const { onNext, onTimer, onRequest, portalReply, care } = runtime;
  return {
    care,
    onNext: (value, t) => {
      onNext(value, signing(t));
      // I3.
      t.emitTo(0, HANDLED);
    },
    onTimer: (payload, t) => {
      onTimer(payload, signing(t));
    },
    onRequest: (request, t) => {
      onRequest(request, signing(t));
    },
    portalReply: {
      ...portalReply,
      run: (reply, ask, t) => {
        portalReply.run(reply, ask, signing(t));
      },
      otherwise: (error, ask, t) => {
        portalReply.otherwise?.(error, ask, signing(t));
      },
    },
  };
}

interface Sending {
  readonly key: Key | undefined;
  emitTo(key: Key, value: unknown): void;
}

/** The context of the task, except that what it sends bears the sender. */
function signing<T extends Sending>(t: T): T {
  return new Proxy(t, {
    get(context, name) {
      if (name === 'emitTo') {
        return (to: Key, value: unknown): void => {
          context.emitTo(0, new Sent(context.key, to, value));
        };
      }
      const member: unknown = Reflect.get(context, name, context);
      return typeof member === 'function' ? (member.bind(context) as unknown) : member;
    },
  });
}

class Sent implements Delivery {
  readonly from: Key | undefined;
  readonly to: Key;
  readonly value: unknown;

  constructor(from: Key | undefined, to: Key, value: unknown) {
    this.from = from;
    this.to = to;
    this.value = value;
  }
}

function fromOutside(value: unknown): Delivery {
  const to = value instanceof ActorSend || value instanceof ActorCreate ? value.ref.id : 0;
  return { from: undefined, to, value };
}

const HANDLED = Symbol('handled');
