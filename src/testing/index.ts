/**
 * For tests of programs: a host in which time, scheduling and entropy are simulated, and a look at streams.
 *
 * @packageDocumentation
 */
export { virtualHost, type VirtualHost, type VirtualHostOptions } from './virtual-host.ts';
export { collect, type Subscribable } from './collect.ts';
