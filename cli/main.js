#!/usr/bin/env node
// Plain JavaScript, so that an old Node can still read the sentence that refuses it.
import { nodeProblem } from '../adapters/process/require-node.js';

const problem = nodeProblem(process.versions.node);
if (problem === null) {
  const { main } = await import('./program.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  console.error(problem);
  process.exitCode = 2;
}
