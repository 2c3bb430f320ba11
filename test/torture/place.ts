// A folder for one run, and the processes that were started in it: all are gone when it is done.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Setting } from './actors.ts';
import { Running } from './process.ts';

export class Place implements AsyncDisposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'portico-torture-'));
  readonly setting: Setting;
  readonly #running: Running[] = [];
  /** What else is to be undone, last first. */
  readonly undo: (() => void)[] = [];

  constructor(state: Setting['state']) {
    this.setting = {
      folder: join(this.path, 'store'),
      state,
      trace: join(this.path, 'trace'),
      owner: 'a process',
    };
  }

  start(more: Partial<Setting> = {}, tracer: readonly string[] = []): Running {
    const running = new Running({ ...this.setting, ...more }, tracer);
    this.#running.push(running);
    return running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that stands still is killed as well.
    for (const running of this.#running) running.signal('SIGKILL');
    for (const running of this.#running) await running.ended;
    for (const undo of this.undo.toReversed()) undo();
    rmSync(this.path, { recursive: true, force: true });
  }
}
