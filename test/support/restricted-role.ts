// Creates roles of the emulator, and credentials of a role.
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { AwsOptions } from '../../cli/shared/io.ts';

const trusted = { Service: ['lambda.amazonaws.com', 'ec2.amazonaws.com'] };
const TRUST = { Effect: 'Allow', Principal: trusted, Action: 'sts:AssumeRole' };

/** @param grant the only statement of its policy. @returns its ARN */
export async function createRole(
  options: AwsOptions,
  RoleName: string,
  grant: object,
  PolicyName = 'p',
): Promise<string> {
  const iam = new IAMClient(options);
  const document = (statement: object) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document(TRUST) }),
  );
  await iam.send(
    new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: document(grant) }),
  );
  return Role?.Arn ?? '';
}

/** Returns credentials whose signatures the emulator checks, unlike those of root. */
export async function assumeRole(options: AwsOptions, RoleArn: string) {
  const { Credentials } = await new STSClient(options).send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }),
  );
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
}

/** The options of a client that may list buckets and nothing else. */
export async function powerless<T extends AwsOptions>(options: T) {
  const grant = { Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' };
  const role = await createRole(options, 'none', grant);
  return { ...options, credentials: await assumeRole(options, role) };
}
