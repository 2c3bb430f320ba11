// Which parts of the sources an input has run, as V8 counts them. It has to count before the sources are loaded.
import { Session, type Profiler } from 'node:inspector';

/** The signatures of what ran: of each function, all its ranges and whether they ran once, a few times, or often. */
export class Coverage {
  readonly #session = new Session();
  readonly #isOurs = new Map<string, boolean>();
  readonly #seen = new Set<number>();

  constructor() {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** How many different signatures there were. */
  get size(): number {
    return this.#seen.size;
  }

  /** How many signatures are new of what has run since it was asked. */
  fresh(): number {
    let fresh = 0;
    for (const { scriptId, url, functions } of this.#take()) {
      if (!this.#ours(scriptId, url)) continue;
      for (const { ranges } of functions) {
        const signature = signed(scriptId, ranges);
        if (this.#seen.has(signature)) continue;
        this.#seen.add(signature);
        fresh++;
      }
    }
    return fresh;
  }

  end(): void {
    this.#post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  #ours(scriptId: string, url: string): boolean {
    let ours = this.#isOurs.get(scriptId);
    if (ours === undefined) {
      ours = /\/(src|actors)\/[^?]*\.[jt]s/.test(url) && !url.includes('/node_modules/');
      this.#isOurs.set(scriptId, ours);
    }
    return ours;
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let result: readonly Profiler.ScriptCoverage[] = [];
    // Of a session with its own thread the answer comes at once.
    this.#session.post('Profiler.takePreciseCoverage', (error, taken) => {
      if (error !== null) throw error;
      result = taken.result;
    });
    return result;
  }

  #post(
    method: 'Profiler.enable' | 'Profiler.startPreciseCoverage' | 'Profiler.stopPreciseCoverage',
    params = {},
  ): void {
    this.#session.post(method, params, (error) => {
      if (error !== null) throw error;
    });
  }
}

function signed(scriptId: string, ranges: readonly Profiler.CoverageRange[]): number {
  let hash = Number(scriptId) | 0;
  for (const { startOffset, endOffset, count } of ranges) {
    hash = Math.imul(hash ^ startOffset, 0x0100_0193);
    hash = Math.imul(hash ^ endOffset, 0x0100_0193);
    hash = Math.imul(hash ^ (count > 31 ? 4 : count > 3 ? 3 : Math.min(count, 2)), 0x0100_0193);
    hash ^= hash >>> 15;
  }
  return hash;
}
