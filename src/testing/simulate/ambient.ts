/**
 * Finds out who asks the platform for time or chance instead of the simulation. Only while one run is made, and only to say in an
 * error where the mistake is: what they ask for they get.
 *
 * AM1. Whatever happens in the run, the platform is as before afterwards.
 * AM2. Portico's own calls are no mistake, nor are those of the platform and of packages on their own account.
 */

/** Calls `run`, and returns who asked: “Math.random at order.ts:12:5”, each once. */
export async function ambientUses(run: () => Promise<unknown>): Promise<readonly string[]> {
  const found = new Set<string>();
  const restore: (() => void)[] = [];
  const watch = (owner: Record<string, unknown> | undefined, name: string, called: string): void => {
    const asked = owner?.[name];
    if (owner === undefined || typeof asked !== 'function') return;
    const note = (): void => {
      const caller = callerOf(new Error('who asks'));
      if (caller !== undefined) found.add(`${called} at ${caller}`);
    };
    const watched = new Proxy(asked as (...args: unknown[]) => object, {
      apply: (target, self, args): unknown => {
        note();
        return Reflect.apply(target, self === watchedOwner(owner) ? owner : self, args);
      },
      construct: (target, args, newTarget): object => {
        // A time that is given is none that was asked for.
        if (args.length === 0) note();
        return Reflect.construct(target, args, newTarget === watched ? target : newTarget) as object;
      },
    });
    try {
      owner[name] = watched;
      restore.push(() => {
        owner[name] = asked;
      });
    } catch {
      // A platform that does not let itself be watched: then the error says less.
    }
  };
  for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'fetch']) watch(platform, name, name);
  watch(platform['Math'], 'random', 'Math.random');
  watch(platform['Date'], 'now', 'Date.now');
  watch(platform, 'Date', 'Date');
  watch(platform['performance'], 'now', 'performance.now');
  for (const name of ['randomUUID', 'getRandomValues']) watch(platform['crypto'], name, `crypto.${name}`);
  try {
    await run();
  } catch {
    // It is known that it fails; the question is who asked.
  } finally {
    for (const undo of restore.reverse()) undo();
  }
  return [...found];
}

/** Who is called on is the platform itself, if nothing else. */
function watchedOwner(owner: Record<string, unknown>): unknown {
  return owner === platform ? undefined : owner;
}

// oxlint-disable-next-line no-restricted-globals -- nothing is taken from it: it is watched for who does
const platform = globalThis as unknown as Record<string, Record<string, unknown> | undefined>;

/** AM2. Where it was asked, if that was a user's code. */
function callerOf({ stack = '' }: Error): string | undefined {
  const frames = stack
    .split('\n')
    .flatMap((line) => /((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/.exec(line)?.[1] ?? []);
  const first = frames.find((frame) => !isOwn(frame) && !/node:|\/node_modules\//.test(frame));
  return first?.replace(/^file:\/\//, '');
}

const isOwn = (frame: string): boolean =>
  OWN !== undefined && (frame.includes(`${OWN}/src/`) || frame.includes(`${OWN}/actors/`));

/** The folder that holds Portico. */
const OWN: string | undefined = /([^\s()]+)\/src\/testing\/simulate\/ambient\.[a-z]+/.exec(
  (new Error('where am I').stack ?? '').split('\n')[1] ?? '',
)?.[1];
