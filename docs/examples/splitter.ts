// A splitter: each event of one stream goes to the first split that wants it. Another application can add a split
// later, while the system runs.
import process from 'node:process';
import { application, explain, steppingSystem } from 'portico/dataflow';

interface Parcel {
  readonly to: string;
  readonly kg: number;
}

export const post = application('post', (app) => {
  const parcels = app.ingress<Parcel>('parcels');
  const sorting = app.splitter(parcels.stream, { name: 'sorting' });
  // Splits are tried in the order in which they were made: a letter to Oslo is a letter.
  const letters = app.split(sorting, ({ kg }) => kg < 0.1, { name: 'letters' });
  const oslo = app.split(sorting, ({ to }) => to === 'Oslo', { name: 'Oslo' });
  return { parcels, letters, oslo };
});

export const depot = application('depot', (app) => {
  const sorting = app.registry.splitter<Parcel>('/post/splitters/sorting');
  const rest = app.split(sorting, () => true);
  return { rest };
});

export function main(print: (line: string) => void): void {
  const system = steppingSystem();
  const show =
    (where: string) =>
    ({ to, kg }: Parcel) =>
      print(`${where}: ${kg} kg to ${to}`);
  const send = (...parcels: Parcel[]): void => {
    system.send(post.handles.parcels, ...parcels);
    system.stepUntilComplete();
  };

  system.launch(post);
  system.subscribe(post.handles.letters, show('letters'));
  system.subscribe(post.handles.oslo, show('Oslo'));
  send({ to: 'Oslo', kg: 0.05 });
  send({ to: 'Oslo', kg: 2 });
  // Nobody wants this one. It is not forgotten: explain(system) counts it.
  send({ to: 'Bergen', kg: 3 });
  print(/\d+ events? unmatched/.exec(explain(system))?.[0] ?? 'none unmatched');

  system.launch(depot);
  system.subscribe(depot.handles.rest, show('depot'));
  send({ to: 'Bergen', kg: 4 });
  send({ to: 'Bergen', kg: 0.02 });
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
