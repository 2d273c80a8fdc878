// What this machine must have: a Node that runs TypeScript, and the Pulumi CLI with a stack.
import { nodeProblem } from '../../adapters/process/require-node.js';
import { pulumiIn, selectedStack } from '../pulumi.ts';
import { type Finding, type Patient, ok, problem } from './finding.ts';

/** @param version as in `process.versions.node` */
export function nodeFinding(version: string): Finding {
  const text = nodeProblem(version);
  if (text === null) return ok(version);
  const [detail = text, fix = ''] = text.split(/(?<=\.) (?=Run)/);
  return problem(detail, fix);
}

export async function pulumiFinding({ session: { io } }: Patient): Promise<Finding> {
  const pulumi = pulumiIn({ folder: io.cwd, env: io.env });
  const version = (await pulumi(['version'], '')).trim();
  return ok(`${version}, stack ${await selectedStack(pulumi, undefined)}`);
}
