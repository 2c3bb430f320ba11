/** Two questions of an auction house, after NEXMark: bids in another currency, and the highest bid of each auction. */
import { ApplicationBuilder, perKeyState, steppingSystem, type Stream } from 'portico/dataflow';
import { perSecond, timed } from './harness/clock.ts';
import { question, type Contender, type Run } from './harness/question.ts';

interface NexmarkLoad extends Record<string, number> {
  bids: number;
}

interface Bid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
}

const ATOM = 1024;
const AUCTIONS = 1_000;
const RATE = 0.908;

/** The same bids for everyone, from a fixed sequence of numbers that looks like chance. */
function* bidsInAtoms(count: number): Iterable<Bid[]> {
  let dice = 1;
  const roll = (sides: number): number => {
    dice = (Math.imul(dice, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((dice / 0x1_0000_0000) * sides);
  };
  for (let done = 0; done < count; done += ATOM) {
    yield Array.from({ length: Math.min(ATOM, count - done) }, () => ({
      auction: roll(AUCTIONS),
      bidder: roll(10_000),
      price: roll(1_000_000),
    }));
  }
}

const inEuros = (bid: Bid): Bid => ({ ...bid, price: bid.price * RATE });

/** What came out: how many bids, and their prices together, rounded. */
interface Seen {
  bids: number;
  prices: number;
}

function currency(input: Iterable<Bid[]>): Seen {
  const seen: Seen = { bids: 0, prices: 0 };
  for (const atom of input) {
    for (const bid of atom.map((each) => inEuros(each))) {
      seen.bids++;
      seen.prices += Math.round(bid.price);
    }
  }
  return seen;
}

function highest(input: Iterable<Bid[]>): Seen {
  const seen: Seen = { bids: 0, prices: 0 };
  const best = new Map<number, Bid>();
  for (const atom of input) {
    for (const bid of atom) {
      const before = best.get(bid.auction);
      if (before !== undefined && before.price >= bid.price) continue;
      best.set(bid.auction, bid);
      seen.bids++;
      seen.prices += bid.price;
    }
  }
  return seen;
}

const outcomeOf = ({ bids, prices }: Seen): Run['outcome'] => ({ bids, prices });

/** The bids are made before the clock starts, so that only what is done with them is measured. */
const plain = (name: string, query: (input: Iterable<Bid[]>) => Seen): Contender<NexmarkLoad> => ({
  name,
  reference: name,
  run: async ({ bids }) => {
    const input = [...bidsInAtoms(bids)];
    let seen: Seen = { bids: 0, prices: 0 };
    const ms = await timed(() => {
      seen = query(input);
    });
    return { figures: { speed: perSecond(bids, ms) }, outcome: outcomeOf(seen) };
  },
  expects: ({ bids }) => outcomeOf(query(bidsInAtoms(bids))),
});

const dataflow = (
  name: string,
  reference: string,
  query: (input: Iterable<Bid[]>) => Seen,
  write: (app: ApplicationBuilder, bids: Stream<Bid>, seen: Seen) => void,
): Contender<NexmarkLoad> => ({
  name,
  reference,
  run: async ({ bids }) => {
    const input = [...bidsInAtoms(bids)];
    const seen: Seen = { bids: 0, prices: 0 };
    const app = new ApplicationBuilder('auctions');
    write(app, app.generators.fromArrays(input), seen);
    const system = steppingSystem();
    system.launch(app.build());
    const ms = await timed(() => system.stepUntilComplete());
    return { figures: { speed: perSecond(bids, ms) }, outcome: outcomeOf(seen) };
  },
  expects: ({ bids }) => outcomeOf(query(bidsInAtoms(bids))),
});

export const nexmarkQuestion = question<NexmarkLoad>({
  name: 'nexmark',
  asks: 'How many bids a second can an auction house convert to another currency, and hold against the highest bid of their auction?',
  method:
    'Bids as objects in atoms of 1,024, made before the clock starts. Currency: a map to a new bid, then a sum. Highest bid: keyed by auction ' +
    '(1,000 of them), the best bid in per-key state, emitted when it changes. The plain loops do the same with arrays and a Map.',
  metrics: [{ name: 'speed', unit: 'bids/s', better: 'more' }],
  contenders: [
    plain('plain loop, currency', currency),
    dataflow('currency', 'plain loop, currency', currency, (app, bids, seen) => {
      app
        .workflow()
        .source(bids)
        .map((bid) => inEuros(bid))
        .consume(({ price }) => {
          seen.bids++;
          seen.prices += Math.round(price);
        })
        .sink();
    }),
    plain('plain loop, highest bid', highest),
    dataflow('highest bid', 'plain loop, highest bid', highest, (app, bids, seen) => {
      const best = perKeyState<Bid | undefined>('best', undefined);
      app
        .workflow()
        .source(bids)
        .key(({ auction }) => auction)
        .processor<Bid>((bid, ctx) => {
          const before = best.get(ctx);
          if (before !== undefined && before.price >= bid.price) return;
          best.set(ctx, bid);
          seen.bids++;
          seen.prices += bid.price;
          ctx.emit(bid);
        })
        .sink();
    }),
  ],
  reference: 'plain loop, currency',
  goals: [],
  loads: { full: { bids: 1_048_576 }, warmUp: { bids: 262_144 }, quick: { bids: 3_000 } },
});
