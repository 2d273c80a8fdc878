// Lets other bots of the operator read the access token: roles and users that the program does not create.
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { Reader } from '../config/load.ts';
import { type Arns, policyFor } from '../iam/policies.ts';

export interface ReadersArgs {
  readonly accountId: pulumi.Output<string>;
  readonly arns: Arns;
  readonly readers: readonly Reader[];
}

/**
 * Adds an inline policy to each: a standard-tier parameter has no resource policy, so the grant must be on the
 * reader. It is deleted with the stack.
 */
export class Readers extends pulumi.ComponentResource {
  constructor(name: string, args: ReadersArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Readers', name, {}, opts);
    for (const reader of args.readers) {
      const policy = policyFor('reader', args.arns);
      const who = args.accountId.apply((accountId) => nameInThisAccount(reader, accountId));
      const logical = `fyers-reader-${reader.kind}-${reader.name}`;
      if (reader.kind === 'role') {
        new aws.iam.RolePolicy(logical, { role: who, policy }, { parent: this });
      } else {
        new aws.iam.UserPolicy(logical, { user: who, policy }, { parent: this });
      }
    }
    this.registerOutputs({});
  }
}

/** IAM takes a name only, and another account may have the same name. @throws RunError */
function nameInThisAccount({ kind, name, accountId }: Reader, here: string): string {
  if (accountId === here) return name;
  throw new pulumi.RunError(
    `readers names the ${kind} ${name} of the account ${accountId}, and this stack is in ${here}. Run \`pulumi config set readers VALUE\`.`,
  );
}
