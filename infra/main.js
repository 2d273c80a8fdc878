// Pulumi's entry. A hand-typed `pulumi up` runs whatever Node the system has; this file runs on an old one too.
import pulumi from '@pulumi/pulumi';
import { nodeProblem } from '../adapters/process/require-node.js';

export default async function main() {
  const problem = nodeProblem(process.versions.node);
  if (problem !== null) throw new pulumi.RunError(problem);
  // esbuild runs in a process of its own, so it starts before the AWS package is loaded.
  const { bundleCode } = await import('./bundle.ts');
  const making = bundleCode();
  // Whoever awaits it sees a failure; until then, or when the settings are at fault, it must not end the process.
  making.catch(() => undefined);
  const { program } = await import('./index.ts');
  return program(making);
}
