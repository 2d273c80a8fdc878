// Pulumi's entry. A hand-typed `pulumi up` runs whatever Node the system has; this file runs on an old one too.
import pulumi from '@pulumi/pulumi';
import { nodeProblem } from '../adapters/process/require-node.js';

export default async function main() {
  const problem = nodeProblem(process.versions.node);
  if (problem !== null) throw new pulumi.RunError(problem);
  const { program } = await import('./index.ts');
  return program();
}
