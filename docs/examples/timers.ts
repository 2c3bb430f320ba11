// Time: reminders by timer, and an ask that gives up. The clock is the system's; here it moves only when it is told to.
import process from 'node:process';
import {
  answer,
  application,
  manualClock,
  perKeyState,
  PorticoError,
  steppingSystem,
  type TimerId,
} from 'portico/dataflow';

interface Step {
  readonly order: string;
  readonly is: 'placed' | 'paid';
}

export const desk = application('desk', (app) => {
  const steps = app.ingress<Step>('steps', { key: ({ order }) => order });
  const bank = app.portal<string, boolean>('bank');

  const reminder = perKeyState<TimerId | undefined>('reminder', undefined);
  const reminders = app
    .workflow('reminders')
    .source(steps.stream)
    .processor<string>(({ is }, ctx) => {
      const timer = reminder.get(ctx);
      if (is === 'placed') reminder.set(ctx, ctx.after(60_000, 'is not paid yet'));
      else if (timer !== undefined) ctx.cancel(timer);
    })
    .withOnTimer<string>((text, ctx) => ctx.emit(`after ${ctx.nowMs / 1000} s: ${ctx.key} ${text}`))
    .sink();

  const checks = app
    .workflow('checks')
    .source(steps.stream)
    .filter(({ is }) => is === 'paid')
    .asker<string>([bank], ({ order }, ctx) => {
      ctx.await(
        ctx.ask(bank, order, { timeoutMs: 5_000 }),
        (good, ctx) =>
          ctx.emit(`after ${ctx.nowMs / 1000} s: payment of ${order} is ${good ? 'good' : 'bad'}`),
        (error, ctx) => {
          const why = error instanceof PorticoError ? error.code : 'unknown';
          ctx.emit(`after ${ctx.nowMs / 1000} s: payment of ${order} is unclear (${why})`);
        },
      );
    })
    .sink();

  app
    .workflow('bank')
    // This bank answers only what it knows.
    .replier([
      answer(bank, (order, ctx) => {
        if (order === 'a-1') ctx.reply(true);
      }),
    ])
    .sink();
  return { steps, reminders, checks };
});

export function main(print: (line: string) => void): void {
  const clock = manualClock();
  const system = steppingSystem({ clock });
  system.launch(desk);
  system.subscribe(desk.handles.reminders, print);
  system.subscribe(desk.handles.checks, print);
  const at = (seconds: number, ...happened: Step[]): void => {
    clock.advance(seconds * 1000 - clock.now());
    system.stepUntilComplete();
    system.send(desk.handles.steps, ...happened);
    system.stepUntilComplete();
  };

  at(0, { order: 'a-1', is: 'placed' }, { order: 'a-2', is: 'placed' }, { order: 'a-3', is: 'placed' });
  at(20, { order: 'a-1', is: 'paid' });
  at(30, { order: 'a-2', is: 'paid' });
  at(35);
  at(60);
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
