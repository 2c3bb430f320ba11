/** The benchmarks in XState: actors that are state machines. */
import type * as XState from 'xstate';
import { countingRun, UP, type CountingLoad } from '../actors/counting.ts';
import { createRun, type CreateLoad } from '../actors/create.ts';
import { pingPongRun, type PingPongLoad } from '../actors/ping-pong.ts';
import { timed } from '../harness/clock.ts';
import type { Run } from '../harness/question.ts';
import { installed } from './installed.ts';

const load = (): typeof XState => installed('xstate');

interface Ball {
  readonly type: 'ball';
  readonly sent: number;
  readonly from: XState.ActorRef<XState.Snapshot<unknown>, Ball>;
}

export async function xstatePingPong({ messages }: PingPongLoad): Promise<Run> {
  const { createActor, setup } = load();
  let result = 0;
  const player = setup({ types: { events: {} as Ball } });
  const answer = player.sendTo(
    ({ event }) => event.from,
    ({ event, self }): Ball => ({ type: 'ball', sent: event.sent + 1, from: self }),
  );
  const pong = createActor(player.createMachine({ on: { ball: { actions: answer } } }));
  const ping = createActor(
    player.createMachine({
      on: {
        ball: [
          { guard: ({ event }) => event.sent < messages, actions: answer },
          {
            actions: ({ event }) => {
              result = event.sent;
            },
          },
        ],
      },
    }),
  );
  ping.start();
  pong.start();
  const ms = await timed(() => {
    pong.send({ type: 'ball', sent: 1, from: ping });
  });
  return pingPongRun(result, ms);
}

type Counting = { readonly type: 'up' } | { readonly type: 'read' };

export async function xstateCounting({ increments }: CountingLoad): Promise<Run> {
  const { assign, createActor, setup } = load();
  let result = 0;
  const counter = createActor(
    setup({ types: { context: {} as { count: number }, events: {} as Counting } }).createMachine({
      context: { count: 0 },
      on: {
        up: { actions: assign({ count: ({ context }) => context.count + 1 }) },
        read: {
          actions: ({ context }) => {
            result = context.count;
          },
        },
      },
    }),
  );
  const producer = createActor(
    setup({ types: { events: {} as { type: 'produce' } } }).createMachine({
      on: {
        produce: {
          actions: () => {
            for (let i = 0; i < increments; i++) counter.send(UP);
            counter.send({ type: 'read' });
          },
        },
      },
    }),
  );
  counter.start();
  producer.start();
  const ms = await timed(() => {
    producer.send({ type: 'produce' });
  });
  return countingRun(result, ms);
}

/** Each is a root: an actor that spawned them all would copy the list of its children for each of them. */
export async function xstateCreate({ actors }: CreateLoad): Promise<Run> {
  const { createActor, setup } = load();
  let started = 0;
  const worker = setup({ types: { events: {} as { type: 'go' } } }).createMachine({
    initial: 'waiting',
    states: {
      waiting: {
        on: {
          go: {
            target: 'stopped',
            actions: () => {
              started++;
            },
          },
        },
      },
      stopped: { type: 'final' },
    },
  });
  const ms = await timed(() => {
    for (let i = 0; i < actors; i++) {
      const actor = createActor(worker);
      actor.start();
      actor.send({ type: 'go' });
    }
  });
  return createRun(started, ms);
}
