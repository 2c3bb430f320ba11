// Searches for a planted bug, in a process of its own: seed after seed until one fails. Prints what it found as JSON.
//
//     node search.js <most seeds> <first seed> [<first seed of the next search> …]
import process from 'node:process';
import { runSeed } from './scenarios.ts';

const [most = '100', ...starts] = process.argv.slice(2);
const found: { readonly seeds: number; readonly what: string }[] = [];
let at = { seeds: 0, what: '' };

// A promise that nobody waits for is a way to fail, too.
const unhandled: unknown[] = [];
process.on('unhandledRejection', (error) => unhandled.push(error));

for (const start of starts) {
  for (let seed = Number(start); ; seed++) {
    const seeds = seed - Number(start) + 1;
    if (seeds > Number(most)) {
      // None: JSON has no infinity.
      found.push({ seeds: 0, what: '' });
      break;
    }
    // If it never comes back, this is where it was.
    at = { seeds, what: `seed ${seed}` };
    process.stdout.write(`${JSON.stringify({ at })}\n`);
    try {
      await runSeed(seed);
      if (unhandled.length === 0) continue;
      throw unhandled[0];
    } catch (error) {
      found.push({
        seeds,
        what: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
      });
      unhandled.length = 0;
      break;
    }
  }
}
process.stdout.write(`${JSON.stringify({ found })}\n`);
process.exit();
