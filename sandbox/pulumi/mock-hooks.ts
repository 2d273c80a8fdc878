// Adds resource hooks to the SDK's mock monitor, which reports that it knows them and has no call for one. The monitor
// compares nothing with a state, so no hook before a change would ever run: it only has to accept them.
import * as pulumi from '@pulumi/pulumi';

/** After `setMocks`. @throws Error where that was not called */
export function takeHooks(): void {
  const monitor = pulumi.runtime.getMonitor();
  if (monitor === undefined) throw new Error('no mock monitor');
  Object.assign(monitor, {
    registerResourceHook: (_request: unknown, done: (error: null, answer: object) => void) => {
      done(null, {});
    },
  });
}
