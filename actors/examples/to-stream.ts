// Actors that ask a portal, and emit to a stream that a workflow reads. Parcels are actors: each asks for the rate of its
// country, and emits its bill when it has one. The workflow adds up what each country brings in.
import process from 'node:process';
import { ActorSend, actorWorkflow, behavior, entityRef, receive, same, stopped, type Failure } from 'portico';
import { answer, application, perKeyState, steppingSystem, type Portal } from 'portico/dataflow';

interface Parcel {
  readonly id: string;
  readonly country: string;
  readonly kilos: number;
}

interface Bill {
  readonly country: string;
  readonly amount: number;
}

type Posted =
  { type: 'posted'; parcel: Parcel } | { type: 'rated'; parcel: Parcel; reply?: number; failure?: Failure };

/** A portal is data, too: it can be an argument. */
const parcel = behavior('parcel', (rates: Portal<string, number>) =>
  receive<Posted>((message, ctx) => {
    const { id, country, kilos } = message.parcel;
    if (message.type === 'posted') {
      ctx.askPortal(rates, country, { as: { type: 'rated', parcel: message.parcel } });
      return same;
    }
    if (message.reply === undefined) ctx.log.warn(`${id} stays here: ${message.failure?.message}`);
    else ctx.emit({ country, amount: message.reply * kilos } satisfies Bill);
    return stopped;
  }),
);

const post = application('post', (app) => {
  const rates = app.portal<string, number>('rates');
  app
    .workflow('rates', { onFailure: 'deadLetter' })
    .replier([
      answer(rates, (country, ctx) => {
        const rate = { Norway: 9, Peru: 20 }[country];
        if (rate === undefined) throw new Error(`nothing goes to ${country}`);
        ctx.reply(rate);
      }),
    ])
    .sink();

  const parcels = app.ingress<Parcel>('parcels');
  const sends = app
    .workflow('sends')
    .source(parcels.stream)
    .map((each) => new ActorSend(entityRef(parcel(rates), each.id), { type: 'posted', parcel: each }))
    .sink();
  const actors = actorWorkflow(app, sends, { portals: [rates] });

  const sum = perKeyState('sum', 0);
  const sums = app
    .workflow('sums')
    .source(actors.outlets.emitted.stream)
    .map((emitted) => emitted as Bill)
    .key(({ country }) => country)
    .map(({ country, amount }, ctx) => `${country}: ${sum.update(ctx, (before) => before + amount)}`)
    .sink();
  return { parcels, sums };
});

export function main(print: (line: string) => void): void {
  const system = steppingSystem({ log: ({ level, value }) => level === 'warn' && print(String(value)) });
  system.launch(post);
  system.subscribe(post.handles.sums, print);
  const parcels: Parcel[] = [
    { id: 'A', country: 'Norway', kilos: 2 },
    { id: 'B', country: 'Peru', kilos: 1 },
    { id: 'C', country: 'Atlantis', kilos: 3 },
    { id: 'D', country: 'Norway', kilos: 1 },
  ];
  for (const each of parcels) {
    system.send(post.handles.parcels, each);
    system.stepUntilComplete();
  }
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
