// What each registered type is called in CloudFormation, and its properties there.
import { type Graph, allOf, asRecord, mockId } from '../graph.ts';

export type Properties = Readonly<Record<string, unknown>>;

export interface Mapping {
  readonly to: string;
  readonly properties: (inputs: Properties, graph: Graph, name: string) => Properties;
}

/** Which have no counterpart, and why. */
export const UNMAPPED: Readonly<Record<string, string>> = {
  'aws:ssm/parameter:Parameter': 'CloudFormation makes no SecureString',
  'aws:secretsmanager/secretVersion:SecretVersion': 'a value, which the secret has there',
  'aws:lambda/invocation:Invocation': 'a call, no resource',
  'aws:cloudwatch/eventTarget:EventTarget': 'part of the rule',
  'aws:s3/bucketObjectv2:BucketObjectv2': 'CloudFormation uploads nothing',
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': 'part of the bucket',
  'aws:s3/bucketOwnershipControls:BucketOwnershipControls': 'part of the bucket',
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': 'part of the bucket',
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration':
    'part of the bucket',
};

export const MAPPINGS: Readonly<Record<string, Mapping>> = {
  'aws:lambda/function:Function': {
    to: 'AWS::Lambda::Function',
    properties: ({ name, code: _code, environment, ...inputs }) => ({
      ...pascal(inputs),
      FunctionName: name,
      Code: { ZipFile: 'exports.handler = () => {};' },
      Environment: { Variables: asRecord(environment)['variables'] },
    }),
  },
  'aws:lambda/functionUrl:FunctionUrl': {
    to: 'AWS::Lambda::Url',
    properties: ({ functionName, authorizationType }) => ({
      TargetFunctionArn: functionName,
      AuthType: authorizationType,
    }),
  },
  'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig': {
    to: 'AWS::Lambda::EventInvokeConfig',
    properties: (inputs) => ({ ...pascal(inputs), Qualifier: '$LATEST' }),
  },
  'aws:lambda/permission:Permission': {
    to: 'AWS::Lambda::Permission',
    properties: ({ statementId: _statement, function: of, ...inputs }) => ({
      ...pascal(inputs),
      FunctionName: of,
    }),
  },
  'aws:cloudwatch/eventRule:EventRule': { to: 'AWS::Events::Rule', properties: rule },
  'aws:cloudtrail/trail:Trail': { to: 'AWS::CloudTrail::Trail', properties: trail },
  'aws:scheduler/schedule:Schedule': { to: 'AWS::Scheduler::Schedule', properties: pascal },
  'aws:sqs/queue:Queue': {
    to: 'AWS::SQS::Queue',
    properties: ({ messageRetentionSeconds, ...inputs }) => ({
      ...pascal(inputs),
      MessageRetentionPeriod: messageRetentionSeconds,
    }),
  },
  'aws:sns/topic:Topic': { to: 'AWS::SNS::Topic', properties: pascal },
  'aws:sns/topicPolicy:TopicPolicy': {
    to: 'AWS::SNS::TopicPolicy',
    properties: ({ arn, policy }) => ({ Topics: [arn], PolicyDocument: policy }),
  },
  'aws:sns/topicSubscription:TopicSubscription': {
    to: 'AWS::SNS::Subscription',
    properties: ({ topic, ...inputs }) => ({ ...pascal(inputs), TopicArn: topic }),
  },
  'aws:cloudwatch/metricAlarm:MetricAlarm': {
    to: 'AWS::CloudWatch::Alarm',
    properties: ({ name, dimensions, ...inputs }) => ({
      ...pascal(inputs),
      AlarmName: name,
      Dimensions: Object.entries(asRecord(dimensions)).map(([Name, Value]) => ({ Name, Value })),
    }),
  },
  'aws:cloudwatch/logGroup:LogGroup': {
    to: 'AWS::Logs::LogGroup',
    properties: ({ name, ...inputs }) => ({ ...pascal(inputs), LogGroupName: name }),
  },
  'aws:iam/role:Role': {
    to: 'AWS::IAM::Role',
    properties: ({ description, assumeRolePolicy }) => ({
      Description: description,
      AssumeRolePolicyDocument: assumeRolePolicy,
    }),
  },
  'aws:iam/rolePolicy:RolePolicy': {
    to: 'AWS::IAM::Policy',
    properties: ({ role, policy }) => ({
      PolicyName: 'inline',
      Roles: [role],
      PolicyDocument: policy,
    }),
  },
  'aws:iam/userPolicy:UserPolicy': {
    to: 'AWS::IAM::UserPolicy',
    properties: ({ user, policy }) => ({
      PolicyName: 'inline',
      UserName: user,
      PolicyDocument: policy,
    }),
  },
  'aws:kms/key:Key': {
    to: 'AWS::KMS::Key',
    properties: ({ deletionWindowInDays, policy, ...inputs }) => ({
      ...pascal(inputs),
      PendingWindowInDays: deletionWindowInDays,
      KeyPolicy: policy,
    }),
  },
  'aws:kms/alias:Alias': {
    to: 'AWS::KMS::Alias',
    properties: ({ name, targetKeyId }) => ({ AliasName: name, TargetKeyId: targetKeyId }),
  },
  'aws:budgets/budget:Budget': {
    to: 'AWS::Budgets::Budget',
    properties: ({ name, limitAmount, limitUnit, notifications, ...inputs }) => ({
      Budget: {
        ...pascal(inputs),
        BudgetName: name,
        BudgetLimit: { Amount: Number(limitAmount), Unit: limitUnit },
      },
      NotificationsWithSubscribers: listOf(notifications).map(notification),
    }),
  },
  'aws:iam/instanceProfile:InstanceProfile': {
    to: 'AWS::IAM::InstanceProfile',
    properties: ({ role }) => ({ Roles: [role] }),
  },
  'aws:secretsmanager/secret:Secret': {
    to: 'AWS::SecretsManager::Secret',
    properties: ({ name, description }) => ({ Name: name, Description: description }),
  },
  'aws:s3/bucket:Bucket': { to: 'AWS::S3::Bucket', properties: bucket },
  'aws:s3/bucketPolicy:BucketPolicy': {
    to: 'AWS::S3::BucketPolicy',
    properties: (inputs) => ({ Bucket: inputs['bucket'], PolicyDocument: inputs['policy'] }),
  },
  'aws:ec2/vpc:Vpc': { to: 'AWS::EC2::VPC', properties: tagged },
  'aws:ec2/internetGateway:InternetGateway': {
    to: 'AWS::EC2::InternetGateway',
    properties: ({ tags }) => tagged({ tags }),
  },
  'aws:ec2/subnet:Subnet': { to: 'AWS::EC2::Subnet', properties: (inputs) => tagged(inputs) },
  'aws:ec2/routeTable:RouteTable': {
    to: 'AWS::EC2::RouteTable',
    properties: ({ routes: _routes, ...inputs }) => tagged(inputs),
  },
  'aws:ec2/routeTableAssociation:RouteTableAssociation': {
    to: 'AWS::EC2::SubnetRouteTableAssociation',
    properties: pascal,
  },
  'aws:ec2/securityGroup:SecurityGroup': {
    to: 'AWS::EC2::SecurityGroup',
    properties: ({ description, ingress, egress, ...inputs }) => ({
      ...tagged(inputs),
      GroupDescription: description,
      SecurityGroupIngress: rules(ingress),
      SecurityGroupEgress: rules(egress),
    }),
  },
  'aws:ec2/instance:Instance': { to: 'AWS::EC2::Instance', properties: instance },
};

function bucket(inputs: Properties, graph: Graph, name: string): Properties {
  const setting = (type: string) =>
    allOf(graph, type).find((each) => each.inputs['bucket'] === mockId(name))?.inputs ?? {};
  const { bucket: _closed, ...access } = setting(
    'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
  );
  const encryption = setting(
    'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
  );
  const lifecycle = setting('aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration');
  return {
    ...(inputs['bucket'] === undefined ? {} : { BucketName: inputs['bucket'] }),
    PublicAccessBlockConfiguration: pascal(access),
    OwnershipControls: {
      Rules: [pascalOf(setting('aws:s3/bucketOwnershipControls:BucketOwnershipControls')['rule'])],
    },
    BucketEncryption: {
      ServerSideEncryptionConfiguration: listOf(encryption['rules']).map((rule) => ({
        ServerSideEncryptionByDefault: {
          SSEAlgorithm: asRecord(asRecord(rule)['applyServerSideEncryptionByDefault'])[
            'sseAlgorithm'
          ],
        },
      })),
    },
    LifecycleConfiguration: {
      Rules: listOf(lifecycle['rules']).map((rule) => {
        const { filter, expiration, ...rest } = asRecord(rule);
        const { prefix } = asRecord(filter);
        const { days } = asRecord(expiration);
        return pascal({ ...rest, prefix, expirationInDays: days });
      }),
    },
  };
}

function rule({ eventPattern, ...inputs }: Properties, graph: Graph): Properties {
  const pattern: unknown = JSON.parse(String(eventPattern));
  const targets = allOf(graph, 'aws:cloudwatch/eventTarget:EventTarget');
  return {
    ...pascal(inputs),
    EventPattern: pattern,
    Targets: targets
      .filter((target) => target.inputs['rule'] === inputs['name'])
      .map((target) => ({ Id: target.inputs['targetId'], Arn: target.inputs['arn'] })),
  };
}

function trail({ name, enableLogFileValidation, ...inputs }: Properties): Properties {
  return {
    ...pascal(inputs),
    TrailName: name,
    EnableLogFileValidation: enableLogFileValidation,
    IsLogging: true,
  };
}

function instance({
  ami,
  userData,
  rootBlockDevice,
  vpcSecurityGroupIds,
  ...inputs
}: Properties): Properties {
  const {
    userDataReplaceOnChange: _replace,
    metadataOptions: _metadata,
    associatePublicIpAddress: _address,
    creditSpecification: credits,
    ...rest
  } = inputs;
  return {
    ...tagged(rest),
    ImageId: ami,
    SecurityGroupIds: vpcSecurityGroupIds,
    UserData: Buffer.from(String(userData)).toString('base64'),
    BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: pascalOf(rootBlockDevice) }],
    ...(credits === undefined
      ? {}
      : { CreditSpecification: { CPUCredits: asRecord(credits)['cpuCredits'] } }),
  };
}

function rules(given: unknown): readonly Properties[] {
  return listOf(given).map((each) => {
    const { protocol, cidrBlocks, ...rule } = asRecord(each);
    return { ...pascal(rule), IpProtocol: protocol, CidrIp: listOf(cidrBlocks)[0] };
  });
}

function notification(given: unknown): Properties {
  const { subscriberEmailAddresses, subscriberSnsTopicArns, ...of } = asRecord(given);
  const subscribers = (type: string, addresses: unknown) =>
    listOf(addresses).map((Address) => ({ SubscriptionType: type, Address }));
  return {
    Notification: pascal(of),
    Subscribers: [
      ...subscribers('EMAIL', subscriberEmailAddresses),
      ...subscribers('SNS', subscriberSnsTopicArns),
    ],
  };
}

function tagged({ tags, ...inputs }: Properties): Properties {
  const list = Object.entries(asRecord(tags)).map(([Key, Value]) => ({ Key, Value }));
  return { ...pascal(inputs), Tags: list };
}

export function pascal(inputs: Properties): Properties {
  return Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => [
      `${key.slice(0, 1).toUpperCase()}${key.slice(1)}`,
      pascalOf(value),
    ]),
  );
}

function pascalOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pascalOf);
  return typeof value === 'object' && value !== null ? pascal(asRecord(value)) : value;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
