// The SDK's mock monitor says that it knows resource hooks and has no call for one. It compares nothing with a state, so
// no hook before a change would ever run: it is enough that it takes them.
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
