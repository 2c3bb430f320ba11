// Several who send, one of whom floods: what share of the system each of them gets.
import {
  application,
  platformHost,
  startSystem,
  type Application,
  type Ingress,
  type RunningSystem,
} from 'portico/dataflow';
import { jain } from './statistics.ts';

/** Where the senders come in. */
export type Door = 'own workflows' | 'one sequencer' | 'own applications';
export const doors: readonly Door[] = ['own workflows', 'one sequencer', 'own applications'];

export interface Shares {
  readonly door: Door;
  /** Jain's index of what was taken of each. */
  readonly jain: number;
  /** What the one had who had least, as a share of what each should have. */
  readonly least: number;
}

const SENDERS = 8;
/** How many atoms each has under way; the one that floods as many as may wait. */
const MODEST = 200;
const FLOOD = 20_000;

/** Lets eight senders, one of whom floods, have so many atoms taken in all, and says who had which share. */
export async function fairness(door: Door, total: number): Promise<Shares> {
  const taken = Array.from({ length: SENDERS }, () => 0);
  let sum = 0;
  const take = (sender: number): void => {
    // What takes a while.
    for (let i = 0; i < 200; i++) Math.sqrt(i);
    if (sum++ < total) taken[sender] = (taken[sender] ?? 0) + 1;
  };
  const { applications, ingresses } = entrances(door, take);
  const host = { ...platformHost(), log: () => undefined };
  const system = await startSystem({ applications, host, sendLimit: 2 * FLOOD });
  const senders = ingresses.map((ingress, sender) =>
    keepSending(system, ingress, sender, sender === 0 ? FLOOD : MODEST, () => sum < total),
  );
  await Promise.all(senders);
  await system.shutdown();
  return { door, jain: jain(taken), least: (Math.min(...taken) * SENDERS) / total };
}

/** Has always so many sends under way. */
async function keepSending(
  system: RunningSystem,
  ingress: Ingress<number>,
  sender: number,
  atOnce: number,
  goesOn: () => boolean,
): Promise<void> {
  const one = async (): Promise<void> => {
    while (goesOn()) await system.send(ingress, sender);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

function entrances(
  door: Door,
  take: (sender: number) => void,
): { readonly applications: readonly Application[]; readonly ingresses: readonly Ingress<number>[] } {
  const names = Array.from({ length: SENDERS }, (_, i) => `from ${i}`);
  if (door === 'own applications') {
    const apps = names.map((name) =>
      application(name, (app) => {
        const ingress = app.ingress<number>('in');
        app.workflow().source(ingress.stream).map(take).sink();
        return ingress;
      }),
    );
    return { applications: apps, ingresses: apps.map(({ handles }) => handles) };
  }
  const app = application('all', (app) => {
    const ingresses = names.map((name) => app.ingress<number>(name));
    if (door === 'own workflows')
      for (const { stream } of ingresses) app.workflow().source(stream).map(take).sink();
    else {
      const all = app.sequencer<number>();
      for (const { stream } of ingresses) app.connect(stream, all);
      app.workflow().source(all.stream).map(take).sink();
    }
    return ingresses;
  });
  return { applications: [app], ingresses: app.handles };
}
