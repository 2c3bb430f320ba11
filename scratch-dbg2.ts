import { Worker, isMainThread } from 'node:worker_threads';
import { Session } from 'node:inspector';
import './scratch-dbg.ts';
