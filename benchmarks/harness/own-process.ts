/** Work in a process of its own, of which nothing is warm but the modules. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Whether a module is what its process was started for, and not only imported. */
export function isMain(url: string): boolean {
  return process.argv[1] === fileURLToPath(url);
}

/**
 * Starts Node with a module, and gives what that prints as JSON. It may end as it likes once it has printed that: by being
 * killed, for one.
 */
export function inOwnProcess<T>(
  url: string,
  nodeFlags: readonly string[],
  args: readonly string[],
): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeFlags, fileURLToPath(url), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (output !== '') resolve(JSON.parse(output) as T);
      else
        reject(
          new Error(`the process of ${args.join(' ')} ended with ${code ?? signal ?? ''} and said nothing`),
        );
    });
  });
}
