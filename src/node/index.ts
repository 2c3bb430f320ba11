/**
 * What Portico offers on Node beyond the core: for now, a log for the terminal.
 *
 * @packageDocumentation
 */
export { showsColors, terminalLog, type TerminalStream } from './terminal.ts';
