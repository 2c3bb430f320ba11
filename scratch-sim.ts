import { planOf, printedPlan, shrunkPlan, SimulatedWorld, type FaultPlan } from './src/testing/simulation/index.ts';
import { scenarios } from './test/simulation/scenarios.ts';
const name = process.argv[2]!, from = Number(process.argv[3] ?? 1), to = Number(process.argv[4] ?? 5);
let crashes = 0, faults = 0, steps = 0; const t = performance.now();
const go = async (plan: FaultPlan, lines = false) => { const world = new SimulatedWorld(plan, scenarios[name]!); if (lines) world.trace.lines = []; try { const r = await world.run(); return { r, world }; } catch (e) { return { e, world }; } };
for (let seed = from; seed <= to; seed++) {
  const { r, e } = await go(planOf(seed));
  if (e) {
    console.log('SEED', seed, e);
    const key = String(e).slice(0, 60);
    const small = process.argv[5] ? await shrunkPlan(planOf(seed), async (p) => String((await go(p)).e ?? '').slice(0, 60) === key) : planOf(seed);
    const f = await go(small, true);
    console.log(printedPlan(small), String(f.e));
    if (process.argv[5]) console.log(f.world.trace.lines!.slice(-Number(process.argv[5])).join('\n'));
    process.exit(1);
  }
  crashes += r!.crashes; steps += r!.steps;
  for (const k in r!.faults) faults += r!.faults[k]!;
  if (to - from < 10) console.log(seed, JSON.stringify(r));
}
const s = (performance.now() - t) / 1000;
console.log({ runs: to - from + 1, s, crashes, faults, steps, perS: crashes / s });
