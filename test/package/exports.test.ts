// What ships: every entry of `exports` in package.json loads from dist/, under plain Node.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as dataflow from 'portico/dataflow';
import { describe, expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>;
};

describe('the package', () => {
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string') continue;

    test(`exports portico${name.slice(1)}, code and declarations`, async () => {
      const url = import.meta.resolve(`portico${name.slice(1)}`);
      expect(url).toBe(new URL(target.default, root).href);
      expect(existsSync(fileURLToPath(new URL(target.types, root)))).toBe(true);
      expect(Object.keys((await import(url)) as object)).not.toEqual([]);
    });
  }

  test('is loaded by its name', async () => {
    expect(Object.keys(dataflow)).toEqual(
      Object.keys((await import(import.meta.resolve('portico/dataflow'))) as object),
    );
  });

  test('keeps its private condition out of the way of its users', () => {
    expect(import.meta.resolve('portico/dataflow')).not.toContain('/src/index.ts');
  });
});
