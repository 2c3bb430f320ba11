// A stream sends to actors. Clicks stream in; every visitor is an actor that counts them, and that notices by a timer
// when a visit is over. What is left of a visit is a line in a stream, and nothing else.
import process from 'node:process';
import { ActorSend, actorWorkflow, behavior, entityRef, receive, stopped, type Behavior } from 'portico';
import { application, manualClock, steppingSystem } from 'portico/dataflow';

interface Click {
  readonly visitor: string;
  readonly page: string;
}

type Visit = { type: 'click'; page: string } | { type: 'silence' };

const visit = behavior('visit', (pages: readonly string[]): Behavior<Visit> =>
  receive((message, ctx) => {
    if (message.type === 'click') {
      // Setting a timer again replaces it: each click puts the end off.
      ctx.timers.single('silence', 30_000, { type: 'silence' });
      return visit([...pages, message.page]);
    }
    ctx.emit(`${ctx.name} saw ${pages.join(', ')}`);
    return stopped;
  }),
);

const site = application('site', (app) => {
  const clicks = app.ingress<Click>('clicks');
  const sends = app
    .workflow('sends')
    .source(clicks.stream)
    .map(({ visitor, page }) => new ActorSend(entityRef(visit([]), visitor), { type: 'click', page }))
    .sink();
  const actors = actorWorkflow(app, sends);
  return { clicks, visits: actors.outlets.emitted.stream };
});

export function main(print: (line: string) => void): void {
  const clock = manualClock();
  const system = steppingSystem({ clock, log: ({ value }) => print(String(value)) });
  system.launch(site);
  system.subscribe(site.handles.visits, (line) => print(`${clock.now() / 1000} s: ${String(line)}`));

  const script: Record<number, Click[]> = {
    0: [
      { visitor: 'Ann', page: 'home' },
      { visitor: 'Bob', page: 'home' },
    ],
    20: [{ visitor: 'Ann', page: 'tea' }],
    40: [{ visitor: 'Ann', page: 'cart' }],
    90: [{ visitor: 'Bob', page: 'help' }],
  };
  for (let seconds = 0; seconds <= 120; seconds += 10) {
    system.send(site.handles.clicks, ...(script[seconds] ?? []));
    system.stepUntilComplete();
    clock.advance(10_000);
  }
  system.stepUntilComplete();
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
