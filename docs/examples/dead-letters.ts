// Dead letters: an atom that fails is undone and set aside whole, with the error; the workflow goes on. When the cause
// is mended, the atom is sent again, as it was.
import process from 'node:process';
import { application, perTaskMap, perTaskState, steppingSystem } from 'portico/dataflow';

interface Rate {
  readonly currency: string;
  readonly rate: number;
}

interface Amount {
  readonly currency: string;
  readonly amount: number;
}

export const ledger = application('ledger', (app) => {
  const rates = app.ingress<Rate>('rates');
  const amounts = app.ingress<Amount>('amounts');
  const both = app.sequencer<Rate | Amount>();
  app.connect(rates.stream, both);
  app.connect(amounts.stream, both);

  const known = perTaskMap<string, number>('rates');
  const total = perTaskState('total', 0);
  const totals = app
    .workflow('totals', { onFailure: 'deadLetter' })
    .source(both.stream)
    .processor<number>((event, ctx) => {
      const { currency } = event;
      if ('rate' in event) {
        known.set(ctx, currency, event.rate);
        return;
      }
      const rate = known.get(ctx, currency);
      if (rate === undefined) throw new Error(`no rate for ${currency}`);
      ctx.emit(total.update(ctx, (sum) => sum + event.amount * rate));
    })
    .sink();
  return { rates, amounts, totals };
});

export function main(print: (line: string) => void): void {
  // The log would say it, too: whatever is set aside is an error there.
  const system = steppingSystem({ log: () => {} });
  system.launch(ledger);
  system.subscribe(ledger.handles.totals, (sum) => print(`total ${sum}`));

  system.send(ledger.handles.rates, { currency: 'EUR', rate: 1 });
  system.stepUntilComplete();
  print('> 5 EUR and 100 NOK in one atom, 2 EUR in another one');
  system.send(ledger.handles.amounts, { currency: 'EUR', amount: 5 }, { currency: 'NOK', amount: 100 });
  system.send(ledger.handles.amounts, { currency: 'EUR', amount: 2 });
  system.stepUntilComplete();

  // Nothing of the first atom has happened, the 5 EUR included: it goes all together, or not at all.
  for (const { id, events, error } of system.deadLetters.list()) {
    const why = error.cause instanceof Error ? error.cause.message : error.what;
    print(`dead letter ${id}, with ${events.length} events: ${why}`);
  }

  print('> a rate for NOK, and the dead letter once more');
  system.send(ledger.handles.rates, { currency: 'NOK', rate: 0.1 });
  system.stepUntilComplete();
  for (const { id } of system.deadLetters.list()) system.deadLetters.resend(id);
  system.stepUntilComplete();
  print(`${system.deadLetters.list().length} dead letters are left`);
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
