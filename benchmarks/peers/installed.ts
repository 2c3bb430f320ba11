/** Loads a peer when it runs, so that nobody needs the peers who does not run them. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The benchmarks run in the root of the repository, wherever they were compiled to. */
const peers = join(process.cwd(), 'benchmarks', 'peers');
const requirePeer = createRequire(join(peers, 'package.json'));

/** Why a peer cannot run, if it cannot. */
export function notInstalled(name: string): string | undefined {
  try {
    requirePeer.resolve(name);
    return undefined;
  } catch {
    return `${name} is not installed; \`npm run bench:peers\` installs it`;
  }
}

export function installed<T>(name: string): T {
  return requirePeer(name) as T;
}

/** The same for what is an ES module: `file` is within the package. */
export async function imported<T>(name: string, file: string): Promise<T> {
  return (await import(pathToFileURL(join(peers, 'node_modules', name, file)).href)) as T;
}
