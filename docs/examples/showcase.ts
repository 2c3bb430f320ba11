// A short tour of what works, in the terminal: `npm start`. Its first part is kept in ./.portico: end the program at any
// moment, start it again, and it goes on. `npm start -- some/folder` keeps it there, `npm start -- memory` nowhere; so does
// the environment variable PORTICO_STORE. The rest are programs of this folder, in memory.
import process from 'node:process';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import {
  application,
  explain,
  memoryStore,
  perKeyState,
  PorticoError,
  steppingSystem,
  type Store,
} from 'portico/dataflow';
import { fileStore, showsColors } from 'portico/node';
import * as deadLetters from './dead-letters.ts';
import * as recursive from './recursive.ts';
import * as running from './running.ts';
import * as shoppingCart from './shopping-cart.ts';
import { Kept } from './showcase/kept.ts';
import * as wordCount from './word-count.ts';

type Print = (line: string) => void;

interface Scene {
  readonly title: string;
  readonly says: string;
  /** Where to read on. */
  readonly from?: string;
  readonly main: (print: Print) => void | Promise<void>;
}

const keptScenes = (kept: Kept): readonly Scene[] => [
  {
    title: 'Actors that come and go',
    says: 'Each actor hands its work to two new ones, and a third adds up. All of them stop; nothing is left.',
    from: 'docs/examples/showcase/fibonacci.ts',
    main: (print) => kept.fibonacci(print),
  },
  {
    title: 'Two actors',
    says: 'They play with 1024 balls, and take a breath now and then.',
    from: 'docs/examples/showcase/match.ts',
    main: (print) => kept.match(print),
  },
  {
    title: 'One actor and many messages',
    says: '1024 of them, each acknowledged when it is kept.',
    from: 'docs/examples/showcase/counter.ts',
    main: (print) => kept.counting(print),
  },
  {
    title: 'A bank',
    says: 'Transfers in two steps. No money is lost and none is made, whenever it is killed.',
    from: 'docs/examples/showcase/bank.ts',
    main: (print) => kept.bank(print),
  },
];

const scenes: readonly Scene[] = [
  {
    title: 'Underneath: a workflow',
    says: 'Actors are compiled into a dataflow, which is yours to use too. This one counts words, atom by atom.',
    from: 'docs/examples/word-count.ts',
    main: inRows(wordCount.main),
  },
  {
    title: 'A cycle',
    says: 'A workflow that reads its own output, through a sequencer, until it comes to rest.',
    from: 'docs/examples/recursive.ts',
    main: inRows(recursive.main),
  },
  {
    title: 'A portal',
    says: 'Carts ask the inventory and wait for its reply, without holding up anyone else.',
    from: 'docs/examples/shopping-cart.ts',
    main: shoppingCart.main,
  },
  {
    title: 'A failure',
    says: 'What fails is undone and set aside whole. Once the cause is mended it is sent again.',
    from: 'docs/examples/dead-letters.ts',
    main: deadLetters.main,
  },
  {
    title: 'A system that runs by itself',
    says: 'The program around it sends and listens.',
    from: 'docs/examples/running.ts',
    main: running.main,
  },
  {
    title: 'A plan',
    says: 'What will run, before it runs: the shop from above.',
    main: (print) => {
      for (const line of explain(shoppingCart.shop).split('\n')) print(line);
    },
  },
  {
    title: 'Speed',
    says: 'Measured here and now, in one thread. (benchmarks/ has the figures that were made with care.)',
    main: (print) => {
      print(`${millions(hopsPerSecond())} rounds a second of a cycle, one event at a time`);
      print(`${millions(eventsPerSecond())} events a second through map, filter, key and state`);
    },
  },
];

/** Prints short lines next to each other. */
function inRows(main: (print: Print) => void): (print: Print) => void {
  return (print) => {
    let row: string[] = [];
    main((line) => {
      if (row.join('  ').length + line.length > 72) print(row.splice(0).join('  '));
      row.push(line);
    });
    print(row.join('  '));
    row = [];
  };
}

function hopsPerSecond(): number {
  const left = perKeyState('left', 0);
  const ring = application('ring', (app) => {
    const counts = app.ingress<number>('counts');
    const loop = app.sequencer<number>();
    app.connect(counts.stream, loop);
    const back = app
      .workflow()
      .source(loop.stream)
      .key(() => 0)
      .processor<number>((n, ctx) => {
        left.set(ctx, n);
        if (n > 0) ctx.emit(n - 1);
      })
      .sink();
    app.connect(back, loop);
    return { counts };
  });
  const system = steppingSystem();
  system.launch(ring);
  return rate(500_000, (n) => {
    system.send(ring.handles.counts, n);
    system.stepUntilComplete();
  });
}

function eventsPerSecond(): number {
  const seen = perKeyState('seen', 0);
  return rate(1_000_000, (n) => {
    const system = steppingSystem();
    system.launch(
      application('pipeline', (app) => {
        app
          .workflow()
          .source(app.generators.fromRange(0, n, 1024))
          .map((i) => i * 3)
          .filter((i) => i % 2 === 0)
          .key((i) => i % 1000)
          .map((_, ctx) => seen.update(ctx, (before) => before + 1))
          .sink();
      }),
    );
    system.stepUntilComplete();
  });
}

/** How many a second, the second time, when the machine is warm. */
function rate(n: number, run: (n: number) => void): number {
  run(n);
  const start = performance.now();
  run(n);
  return (n / (performance.now() - start)) * 1000;
}

function millions(n: number): string {
  return `${(n / 1e6).toFixed(1)} million`;
}

/** How the tour is shown. */
export interface TourOptions {
  /** Where its first part is kept, and what that place is called. */
  readonly store?: Store;
  readonly place?: string;
  readonly colors?: boolean;
  /** Between two lines. */
  readonly pauseMs?: number;
}

/** In memory, and without colors and pauses, if nothing else is said. */
export async function main(print: Print, options: TourOptions = {}): Promise<void> {
  const { store = memoryStore(), place = 'memory', colors = false, pauseMs = 0 } = options;
  const paint = (code: number, text: string): string => (colors ? `\u001B[${code}m${text}\u001B[0m` : text);
  const [bold, cyan, gray] = [1, 36, 90];
  let number = 0;
  const announce = ({ title, says, from }: Scene): void => {
    print('');
    print(`${paint(cyan, `${++number}  ${title}`)}${from === undefined ? '' : paint(gray, `  ${from}`)}`);
    print(paint(gray, `   ${says}`));
  };
  const indented = (line: string): void => print(`   ${line}`);

  print('');
  print(`  ${paint(bold, 'Portico')}  actors on transactional dataflow`);
  print('');
  {
    await using kept = await Kept.start(store, `npm start, process ${process.pid}`);
    if (kept.run > 1) {
      print(paint(cyan, `Run ${kept.run} of what is kept in ${place}. It found:`));
      for (const line of await kept.found()) indented(line);
    } else {
      print(paint(cyan, `Run 1, kept in ${place}.`));
      print(paint(gray, '   End it at any moment, with Ctrl-C or kill -9. Then start it again.'));
    }
    for (const scene of keptScenes(kept)) {
      announce(scene);
      await scene.main(indented);
    }
    print('');
    print(paint(gray, `   Written in this run: ${kept.written()}. What follows is in memory.`));
  }
  for (const scene of scenes) {
    await pause(pauseMs * 10);
    announce(scene);
    // A scene is over before its lines are shown, so that the pauses are ours and not the system's.
    const lines: string[] = [];
    await scene.main((line) => {
      lines.push(line);
    });
    for (const line of lines) {
      await pause(pauseMs);
      indented(line);
    }
  }
  print('');
  print(`  Start it once more, or read on in ${paint(bold, 'docs/guides/durability.md')}.`);
  print('');
}

if (process.argv[1] === import.meta.filename) {
  const place = process.argv[2] ?? process.env['PORTICO_STORE'] ?? '.portico';
  try {
    await main((line) => console.log(line), {
      store: place === 'memory' ? memoryStore() : fileStore(place),
      place,
      colors: showsColors(process.stdout),
      pauseMs: process.stdout.isTTY ? 40 : 0,
    });
  } catch (error) {
    if (!(error instanceof PorticoError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
