// A running system: it works by itself while the program around it sends and listens.
import process from 'node:process';
import { application, perKeyState, startSystem } from 'portico/dataflow';

export const greeter = application('greeter', (app) => {
  const names = app.ingress<string>('names');
  const seen = perKeyState('seen', 0);
  const greetings = app
    .workflow('greet')
    .source(names.stream)
    .map((name, ctx) => (seen.update(ctx, (n) => n + 1) > 1 ? `Welcome back, ${name}` : `Hello, ${name}`))
    .sink();
  return { names, greetings };
});

export async function main(print: (line: string) => void): Promise<void> {
  await using system = await startSystem({ applications: [greeter] });
  const unsubscribe = system.subscribe(greeter.handles.greetings, print);

  await system.send(greeter.handles.names, 'Ann', 'Bob');
  await system.send(greeter.handles.names, 'Ann');
  await system.idle();
  unsubscribe();
  await system.send(greeter.handles.names, 'Bob');
  await system.idle();
  print('nobody listened to the last one');
  // Here, at the end of the block, the system is shut down.
}

if (process.argv[1] === import.meta.filename) await main((line) => console.log(line));
