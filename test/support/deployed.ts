// Creates functions in the emulator for their settings. They are never run.
import {
  CreateFunctionCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { zipOf } from '../../sandbox/pulumi/resources/zip.ts';
import type { EmulatedAws } from './emulated-aws.ts';
import { createRole } from './restricted-role.ts';

export interface Deployer {
  /** Makes the function, or gives it other settings. */
  deploy(name: string, variables: Readonly<Record<string, string>>): Promise<void>;
  close(): void;
}

export async function deployer(aws: EmulatedAws): Promise<Deployer> {
  const lambda = new LambdaClient(aws.options);
  const made = new Set<string>();
  const grant = { Effect: 'Allow', Action: 'logs:PutLogEvents', Resource: '*' };
  const Role = await createRole(aws.options, 'functions', grant);
  return {
    async deploy(FunctionName, Variables) {
      const input = { FunctionName, Environment: { Variables } };
      if (made.has(FunctionName)) {
        await lambda.send(new UpdateFunctionConfigurationCommand(input));
        return;
      }
      made.add(FunctionName);
      const ZipFile = zipOf({ assets: {} });
      await lambda.send(
        new CreateFunctionCommand({
          ...input,
          Role,
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Code: { ZipFile },
        }),
      );
    },
    close() {
      lambda.destroy();
    },
  };
}
