// Creates a role of the emulator that may list buckets and nothing else.
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { AwsOptions } from '../../cli/shared/io.ts';

const TRUST = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
};
const POLICY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' }],
};

/** The options of a client that acts as that role. */
export async function powerless<T extends AwsOptions>(options: T) {
  const iam = new IAMClient(options);
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName: 'none', AssumeRolePolicyDocument: JSON.stringify(TRUST) }),
  );
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'none',
      PolicyName: 'p',
      PolicyDocument: JSON.stringify(POLICY),
    }),
  );
  const { Credentials } = await new STSClient(options).send(
    new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'test' }),
  );
  return {
    ...options,
    credentials: {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    },
  };
}
