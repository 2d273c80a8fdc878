// Creates functions in the emulator for their settings. They are never run.
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { zipOf } from '../../sandbox/pulumi/resources/zip.ts';
import type { EmulatedAws } from './emulated-aws.ts';

export interface Deployer {
  /** Makes the function, or gives it other settings. */
  deploy(name: string, variables: Readonly<Record<string, string>>): Promise<void>;
  close(): void;
}

export async function deployer(aws: EmulatedAws): Promise<Deployer> {
  const lambda = new LambdaClient(aws.options);
  const made = new Set<string>();
  const Role = await roleFor(aws);
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

async function roleFor(aws: EmulatedAws): Promise<string> {
  const iam = new IAMClient(aws.options);
  const trust = {
    Effect: 'Allow',
    Principal: { Service: 'lambda.amazonaws.com' },
    Action: 'sts:AssumeRole',
  };
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: 'functions',
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
    }),
  );
  iam.destroy();
  return Role?.Arn ?? '';
}
