// Starts the Pulumi program after checking the Node version. Plain JavaScript, because a manual `pulumi up` may run
// an old Node.
import pulumi from '@pulumi/pulumi';
import { nodeProblem } from '../adapters/process/require-node.js';

export default async function main() {
  const old = nodeProblem(process.versions.node);
  if (old !== null) throw new pulumi.RunError(`${old.problem} ${old.nextStep}`);
  // esbuild runs in its own process, so start it before loading the AWS package.
  const { bundleCode } = await import('./bundle.ts');
  const making = bundleCode();
  // The awaiting code sees a failure; until then, or if the settings are invalid, it must not be an unhandled
  // rejection.
  making.catch(() => undefined);
  const { program } = await import('./index.ts');
  return program(making);
}
