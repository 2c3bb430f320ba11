/** Loads a peer when it runs, so that nobody needs the peers who does not run them. */
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The benchmarks run in the root of the repository, wherever they were compiled to. */
const requirePeer = createRequire(join(process.cwd(), 'benchmarks', 'peers', 'package.json'));

export function installed<T>(name: string): T {
  try {
    return requirePeer(name) as T;
  } catch (cause) {
    throw new Error(`${name} cannot be loaded; \`npm run bench:peers\` installs the peers`, { cause });
  }
}
