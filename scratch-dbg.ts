import { planOf, SimulatedWorld } from './src/testing/simulation/index.ts';
import { scenarios } from './test/simulation/scenarios.ts';
const world = new SimulatedWorld(planOf(Number(process.argv[3])), scenarios[process.argv[2]!]!);
world.trace.lines = [];
await world.run().catch((e) => console.log(String(e)));
console.log(world.trace.lines.filter((l) => !/ (sync|write|read|list|open|remove|size|truncate|rename|syncNames)\b/.test(l)).join('\n'));
