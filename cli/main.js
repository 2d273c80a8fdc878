#!/usr/bin/env node
// Starts the command line interface after checking the Node version. Plain JavaScript, so that an old Node can still
// print the error.
import path from 'node:path';
import { nodeProblem } from '../adapters/process/require-node.js';

const old = nodeProblem(process.versions.node);
if (old === null) {
  const { enableCompileCache } = await import('node:module');
  // Halves the time that a later command takes to start.
  enableCompileCache(path.join(import.meta.dirname, '..', 'node_modules', '.compiled'));
  const { main } = await import('./program.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  console.error(`${old.problem} ${old.nextStep}`);
  process.exitCode = 2;
}
