/** Runs the text of a program as the playground of PortalsJS does: `PortalsJS` is there, and `console.log` prints. */
import { PortalsJS } from 'portico/portalsjs';

/** The lines that a program prints, one for each call of `console.log`. */
export function linesOf(program: string): string[] {
  return capture(() => {
    // The text is the test's own, and running text is the subject here.
    // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- for the reason above
    const run = new Function('PortalsJS', program) as (global: typeof PortalsJS) => void;
    run(PortalsJS);
  });
}

/** The same without the time and the level: `name - text`. */
export function printedBy(program: string): string[] {
  return linesOf(program).map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} INFO /, ''));
}

/** What `act` prints, one line for each call of `console.log`. */
export function capture(act: () => void): string[] {
  const lines: string[] = [];
  const { log } = console;
  console.log = (...values: unknown[]) => lines.push(values.map(String).join(' '));
  try {
    act();
  } finally {
    console.log = log;
  }
  return lines;
}
