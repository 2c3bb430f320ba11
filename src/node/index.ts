/**
 * What Portico offers on Node beyond the core: for now, a log for the terminal.
 *
 * @packageDocumentation
 */
export type { LogLevel, LogRecord } from '../index.ts';
export { showsColors, terminalLog, type TerminalStream } from './terminal.ts';
