// Two projects. `source` runs every test against the TypeScript sources. `dist` runs the
// few tests of test/package against what ships: Node itself resolves `portico/…` there,
// through the exports of package.json, to the compiled files.
//
// Vite does not resolve a package's own name, so `source` gets the same exports as aliases.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

type Target = string | { 'portico:source': string; default: string };

const { exports } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as {
  exports: Record<string, Target>;
};

const aliases = (condition: 'portico:source' | 'default') =>
  Object.entries(exports).map(([name, target]) => ({
    find: new RegExp(`^portico${name.slice(1)}$`),
    replacement: fileURLToPath(
      new URL(typeof target === 'string' ? target : target[condition], import.meta.url),
    ),
  }));

export default defineConfig({
  test: {
    pool: 'threads',
    maxWorkers: 2,
    testTimeout: 20_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'actors/**/*.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
      reportsDirectory: 'coverage',
    },
    projects: [
      {
        extends: true,
        resolve: { alias: aliases('portico:source') },
        test: { name: 'source', include: ['test/**/*.test.ts'], exclude: ['test/package/**'] },
      },
      {
        extends: true,
        test: {
          name: 'dist',
          include: ['test/package/**/*.test.ts'],
          // Node loads dist/ itself; nothing is transformed on the way.
          server: { deps: { external: [/\/dist\//] } },
        },
      },
    ],
  },
});
