#!/usr/bin/env node
// Starts the command line interface after checking the Node version. Plain JavaScript, so that an old Node can still
// print the error.
import { nodeProblem } from '../adapters/process/require-node.js';

const problem = nodeProblem(process.versions.node);
if (problem === null) {
  const { main } = await import('./program.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  console.error(problem);
  process.exitCode = 2;
}
