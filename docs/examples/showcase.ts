// A short tour of what works, in the terminal: `npm start`. Most of what it shows are programs of this folder and of
// actors/examples.
import process from 'node:process';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { application, explain, perKeyState, steppingSystem } from 'portico/dataflow';
import { showsColors } from 'portico/node';
import * as bankAccount from '../../actors/examples/bank-account.ts';
import * as counting from '../../actors/examples/counting.ts';
import * as fib from '../../actors/examples/fib.ts';
import * as pingPong from '../../actors/examples/ping-pong.ts';
import * as deadLetters from './dead-letters.ts';
import * as recursive from './recursive.ts';
import * as running from './running.ts';
import * as shoppingCart from './shopping-cart.ts';
import * as wordCount from './word-count.ts';

type Print = (line: string) => void;

interface Scene {
  readonly title: string;
  readonly says: string;
  /** Where to read on. */
  readonly from?: string;
  readonly main: (print: Print) => void | Promise<void>;
}

const scenes: readonly Scene[] = [
  {
    title: 'Actors that come and go',
    says: 'Each actor hands its work to two new ones, and a third adds up. All of them stop; nothing is left.',
    from: 'actors/examples/fib.ts',
    main: fib.main,
  },
  {
    title: 'Two actors',
    says: 'They send each other a ball.',
    from: 'actors/examples/ping-pong.ts',
    main: pingPong.main,
  },
  {
    title: 'One actor and many messages',
    says: 'Its next behavior is data: a name and an argument, the count.',
    from: 'actors/examples/counting.ts',
    main: counting.main,
  },
  {
    title: 'A bank',
    says: 'Accounts that always exist, transfers that succeed or fail whole.',
    from: 'actors/examples/bank-account.ts',
    main: bankAccount.main,
  },
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

/** Without colors and pauses if nobody watches. */
export async function main(print: Print, { colors = false, pauseMs = 0 } = {}): Promise<void> {
  const paint = (code: number, text: string): string => (colors ? `\u001B[${code}m${text}\u001B[0m` : text);
  const [bold, cyan, gray] = [1, 36, 90];
  print('');
  print(`  ${paint(bold, 'Portico')}  actors on transactional dataflow`);
  for (const [index, { title, says, from, main }] of scenes.entries()) {
    await pause(pauseMs * 10);
    print('');
    print(`${paint(cyan, `${index + 1}  ${title}`)}${from === undefined ? '' : paint(gray, `  ${from}`)}`);
    print(paint(gray, `   ${says}`));
    // A scene is over before its lines are shown, so that the pauses are ours and not the system's.
    const lines: string[] = [];
    await main((line) => {
      lines.push(line);
    });
    for (const line of lines) {
      await pause(pauseMs);
      print(`   ${line}`);
    }
  }
  print('');
  print(`  Read on in ${paint(bold, 'docs/start.md')}.`);
  print('');
}

if (process.argv[1] === import.meta.filename) {
  await main((line) => console.log(line), {
    colors: showsColors(process.stdout),
    pauseMs: process.stdout.isTTY ? 40 : 0,
  });
}
