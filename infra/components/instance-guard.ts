// Stands before the instance: a change that would replace or stop it in a session ends the deploy here.
import { createHash } from 'node:crypto';
import * as pulumi from '@pulumi/pulumi';
import type { Override } from '../../core/market/calendar-data.ts';
import type { Clock } from '../../core/ports.ts';
import { numbered } from '../harvesters.ts';
import { sessionProblem } from '../session-guard.ts';

export interface InstanceGuardArgs {
  readonly shard: number;
  /** What cannot change without a new instance, or a stop of this one. */
  readonly plan: Readonly<Record<string, pulumi.Input<string | boolean | null>>>;
  readonly replaceInSession: boolean;
  readonly calendar: readonly Override[];
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * A value that only the state holds, with a hook before each change of it; the instance waits for it. Not a hook before
 * the instance's deletion, which is where it belongs: with one, the engine refuses every `pulumi destroy` without
 * `--run-program` (docs/decisions/0006).
 */
export function instanceGuard(parent: pulumi.Resource, args: InstanceGuardArgs): pulumi.Stash {
  const fingerprint = pulumi
    .all(args.plan)
    .apply((plan) => createHash('sha256').update(JSON.stringify(plan)).digest('hex'));
  const hook = new pulumi.ResourceHook(
    numbered('instance-in-session', args.shard),
    async () => {
      const problem = args.replaceInSession
        ? null
        : sessionProblem(args.clock.now(), { overrides: args.calendar });
      if (problem === null) return;
      // A preview shows what would be done, and changes nothing.
      if (!pulumi.runtime.isDryRun()) throw new Error(problem);
      await pulumi.log.warn(problem);
    },
    { onDryRun: true },
  );
  return new pulumi.Stash(
    numbered('instance-plan', args.shard),
    { input: fingerprint },
    { parent, hooks: { beforeUpdate: [hook] } },
  );
}
