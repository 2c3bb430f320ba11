// Step by step: a task that does one thing for an atom, another one for the next atoms, and then begins again.
import process from 'node:process';
import { application, steppingSystem, tasks } from 'portico/dataflow';

export const stepByStep = application('step-by-step', (app) => {
  const days = app.generators.fromRange(1, 11, 1);
  const week = app
    .workflow('week')
    .source(days)
    .map((day) => `day ${day}: plan the week`)
    .withLoop(
      4,
      tasks.map((day) => `day ${day}: work`),
    )
    .withStep(tasks.map((day) => `day ${day}: go out`))
    .withStep(tasks.map((day) => `day ${day}: sleep`))
    .sink();

  return { week };
});

export function main(print: (line: string) => void): void {
  const system = steppingSystem();
  system.launch(stepByStep);
  system.subscribe(stepByStep.handles.week, print);
  system.stepUntilComplete();
}

if (process.argv[1] === import.meta.filename) main((line) => console.log(line));
