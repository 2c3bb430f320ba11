// Refuses imports of what does not belong to the program. Loaded by the guard, in the thread of the loader.
import type { InitializeHook, ResolveHook } from 'node:module';
import type { MessagePort } from 'node:worker_threads';

let root = '';
let port: MessagePort | undefined;

export const initialize: InitializeHook<{ readonly root: string; readonly port: MessagePort }> = (data) => {
  ({ root, port } = data);
};

export const resolve: ResolveHook = async (specifier, context, next) => {
  const resolved = await next(specifier, context);
  if (resolved.url.startsWith(root)) return resolved;
  port?.postMessage(`import of ${specifier}`);
  throw new Error(`${specifier} does not belong to the program, and ${context.parentURL ?? ''} imports it`);
};
