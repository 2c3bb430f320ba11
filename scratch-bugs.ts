import { bugs } from './test/simulation/bugs.ts';
import { changed, hunt, median } from './test/simulation/planted.ts';
const only = process.argv[2];
const most = Number(process.argv[3] ?? 60);
const starts = (process.argv[4] ?? '1').split(',').map(Number);
for (const [name, change] of Object.entries(bugs)) {
  if (only && only !== 'all' && !name.includes(only)) continue;
  try { changed(change); } catch (e) { console.log('TEXT', name, String(e)); continue; }
  if (only === undefined) continue;
  const t = performance.now();
  try {
    const { found } = await hunt(change, most, starts, 100_000);
    console.log(String(median(found.map((f) => f.seeds))).padStart(8), name, '::', found[0]!.what.slice(0, 110), `${Math.round(performance.now() - t)} ms`);
  } catch (e) { console.log('ERR', name, String(e).slice(0, 300)); }
}
console.log('DONE');
