// Serves the provider that the real engine attaches, with the SDK's own server. Prints its port, then serves until its
// standard input ends, so it ends with its parent in any case. Argument: the run's folder.
import * as pulumi from '@pulumi/pulumi';
import { operations } from './operations.ts';
import { registerIn } from './register.ts';
import type { Props } from './values.ts';

const on = operations(registerIn(process.argv[2] ?? '.'));

process.stdin.resume().on('end', () => process.exit(0));

await pulumi.provider.main(
  {
    version: '7.48.0',
    schema: '{}',
    check: (urn, olds: Props, news: Props) => Promise.resolve(on.check(urn, olds, news)),
    diff: (_id, urn, olds: Props, news: Props) => Promise.resolve(on.diff(urn, olds, news)),
    create: async (urn, inputs: Props) => await on.create(urn, inputs),
    read: async (id, urn, props: Props) => await on.read(id, urn, props),
    update: async (id, urn, olds: Props, news: Props) => await on.update(id, urn, olds, news),
    delete: async (id, urn, props: Props) => {
      await on.delete(id, urn, props);
    },
    invoke: async (token, args: Props) => ({ outputs: await on.invoke(token, args) }),
  },
  [],
);
