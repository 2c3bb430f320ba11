// How a system may end by itself: because the disk failed, or because another one took its store.
import { Violation, type SimulatedProcess } from '../../src/testing/simulation/index.ts';

const takenOver = ['journal/fenced', 'state/failed'];
const failing = ['journal/failed', 'journal/full', 'journal/closed', 'state/full', 'state/closed'];

/** Throws if a system ended for another reason, or though nothing went wrong. */
export function endedWell(error: unknown, { world, isCalm, number }: SimulatedProcess): void {
  const codes: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) if ('code' in at) codes.push(String(at.code));
  world.trace.text(`${number} ended ${codes.join()}`);
  // One that stood still may go on and take over even when nothing goes wrong any more.
  const allowed = isCalm ? takenOver : [...takenOver, ...failing];
  if (codes.some((code) => allowed.includes(code))) return;
  if (world.isRotten && codes.some((code) => /damaged$|^store\/apart$/.test(code))) {
    world.refuse();
    return;
  }
  const what = error instanceof Error ? error.message : String(error);
  throw new Violation(`the system ended: ${codes.join(', ')} ${what}`, { cause: error });
}
