/** How much of a core a process got of what it wanted. Who waits for the disk wants none meanwhile. */
import { existsSync, readFileSync } from 'node:fs';

/** Linux says of the main thread how long it ran, and how long it had to wait for a core. */
const SCHEDULED = '/proc/self/schedstat';

interface Times {
  readonly ran: number;
  readonly waited: number;
}

export class Core {
  readonly #before = timesNow();

  /** Since this was made: 1 if nobody was in the way. Nothing where the system does not tell. */
  share(): { readonly share?: number } {
    const now = timesNow();
    if (now === undefined || this.#before === undefined) return {};
    const ran = now.ran - this.#before.ran;
    const waited = now.waited - this.#before.waited;
    return ran + waited > 0 ? { share: ran / (ran + waited) } : {};
  }
}

function timesNow(): Times | undefined {
  if (!existsSync(SCHEDULED)) return undefined;
  const [ran = 0, waited = 0] = readFileSync(SCHEDULED, 'utf8').split(' ').map(Number);
  return { ran, waited };
}
