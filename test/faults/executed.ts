// Which handlers have run, as V8 has counted it: exactly, for every script of this thread.
//
// What runs is not the text that was written: the types are gone from it. Handlers are therefore found in what runs, by the
// same rules, and the first there is the first in what was written, and so on.
import { Session } from 'node:inspector';
import { fileAt, handlersIn, runtimeFiles, textOf, type Handler } from './handlers.ts';

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface Script {
  readonly scriptId: string;
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

/** A handler of the runtime, and how often it ran. */
export interface Ran extends Handler {
  /** `file:line`. */
  readonly where: string;
  readonly times: number;
}

/** Counts from now on what runs; to be called before the runtime is loaded. The returned function says what ran. */
export function countHandlers(): () => Ran[] {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return () => {
    const scripts: Script[] = [];
    session.post('Profiler.takePreciseCoverage', (_, { result }) => {
      scripts.push(...result);
    });
    session.post('Profiler.stopPreciseCoverage');
    session.post('Debugger.enable');
    const times = new Map<string, number[]>();
    for (const { scriptId, url, functions } of scripts) {
      const file = fileAt(url);
      if (file === undefined || !/^(src|actors)\/.*\.ts$/.test(file)) continue;
      session.post('Debugger.getScriptSource', { scriptId }, (_, { scriptSource }) => {
        const ranges = functions.flatMap((each) => each.ranges);
        const counts = handlersIn(scriptSource).map(({ at }) => timesAt(ranges, at));
        times.set(
          file,
          counts.map((count, index) => count + (times.get(file)?.[index] ?? 0)),
        );
      });
    }
    session.disconnect();
    return runtimeFiles().flatMap((file) => handlersOf(file, times.get(file)));
  };
}

function handlersOf(file: string, times: readonly number[] | undefined): Ran[] {
  const handlers = handlersIn(textOf(file));
  if (times !== undefined && times.length !== handlers.length)
    throw new Error(`${file}: ${handlers.length} handlers are written, and ${times.length} are run`);
  return handlers.map((handler, index) => ({
    ...handler,
    where: `${file}:${handler.line}`,
    times: times?.[index] ?? 0,
  }));
}

/** How often the innermost range with this place in it was run. */
function timesAt(ranges: readonly Range[], at: number): number {
  let innermost: Range | undefined;
  for (const range of ranges) {
    if (range.startOffset > at || range.endOffset <= at) continue;
    if (
      innermost === undefined ||
      range.endOffset - range.startOffset <= innermost.endOffset - innermost.startOffset
    )
      innermost = range;
  }
  return innermost?.count ?? 0;
}
