// Lists for every registered type the proactive controls of AWS Control Tower (Controls Reference
// Guide, "Proactive controls", with the guard rules of @cdklabs/cdk-validator-cfnguard 0.0.62). A
// type that is missing here has not been checked yet.

/** The controls of a type; an empty list if there are none. */
export const LOOKED_UP: Readonly<Record<string, readonly string[]>> = {
  'aws:athena/namedQuery:NamedQuery': [],
  'aws:athena/workgroup:Workgroup': ['CT.ATHENA.PR.1', 'CT.ATHENA.PR.2'],
  'aws:budgets/budget:Budget': [],
  // CT.CLOUDTRAIL.PR.4 is for event data stores.
  'aws:cloudtrail/trail:Trail': ['CT.CLOUDTRAIL.PR.1', 'CT.CLOUDTRAIL.PR.2', 'CT.CLOUDTRAIL.PR.3'],
  'aws:cloudwatch/eventRule:EventRule': [],
  'aws:cloudwatch/eventTarget:EventTarget': [],
  'aws:cloudwatch/dashboard:Dashboard': [],
  'aws:cloudwatch/logGroup:LogGroup': ['CT.CLOUDWATCH.PR.2', 'CT.CLOUDWATCH.PR.3'],
  'aws:cloudwatch/metricAlarm:MetricAlarm': ['CT.CLOUDWATCH.PR.1', 'CT.CLOUDWATCH.PR.4'],
  'aws:ec2/instance:Instance': [
    'CT.EC2.PR.7',
    'CT.EC2.PR.8',
    'CT.EC2.PR.12',
    'CT.EC2.PR.13',
    'CT.EC2.PR.16',
    'CT.EC2.PR.19',
  ],
  'aws:ec2/internetGateway:InternetGateway': [],
  'aws:ec2/routeTable:RouteTable': [],
  'aws:ec2/routeTableAssociation:RouteTableAssociation': [],
  'aws:ec2/securityGroup:SecurityGroup': ['CT.EC2.PR.3', 'CT.EC2.PR.4'],
  'aws:ec2/subnet:Subnet': ['CT.EC2.PR.11'],
  'aws:ec2/vpc:Vpc': [],
  // CT.GLUE.PR.1 and 2 are for jobs and machine learning.
  'aws:glue/catalogDatabase:CatalogDatabase': [],
  'aws:glue/catalogTable:CatalogTable': [],
  'aws:iam/instanceProfile:InstanceProfile': [],
  'aws:iam/role:Role': ['CT.IAM.PR.1', 'CT.IAM.PR.5'],
  'aws:iam/rolePolicy:RolePolicy': ['CT.IAM.PR.1', 'CT.IAM.PR.5'],
  'aws:iam/userPolicy:UserPolicy': ['CT.IAM.PR.1', 'CT.IAM.PR.4', 'CT.IAM.PR.5'],
  'aws:kms/alias:Alias': [],
  'aws:kms/key:Key': ['CT.KMS.PR.1', 'CT.KMS.PR.2', 'CT.KMS.PR.3'],
  'aws:lambda/function:Function': ['CT.LAMBDA.PR.3'],
  'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig': [],
  // The provider adds its two permissions itself, so CT.LAMBDA.PR.2 applies here.
  'aws:lambda/functionUrl:FunctionUrl': ['CT.LAMBDA.PR.2', 'CT.LAMBDA.PR.5', 'CT.LAMBDA.PR.6'],
  'aws:lambda/invocation:Invocation': [],
  'aws:lambda/permission:Permission': ['CT.LAMBDA.PR.2'],
  'aws:s3/bucket:Bucket': ['CT.S3.PR.2', 'CT.S3.PR.4', 'CT.S3.PR.9'],
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': ['CT.S3.PR.3', 'CT.S3.PR.6'],
  'aws:s3/bucketObjectv2:BucketObjectv2': [],
  'aws:s3/bucketOwnershipControls:BucketOwnershipControls': ['CT.S3.PR.5'],
  'aws:s3/bucketPolicy:BucketPolicy': ['CT.S3.PR.8'],
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': ['CT.S3.PR.1'],
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': [
    'CT.S3.PR.10',
  ],
  'aws:s3/bucketVersioning:BucketVersioning': ['CT.S3.PR.11'],
  'aws:scheduler/schedule:Schedule': [],
  'aws:secretsmanager/secret:Secret': [],
  'aws:secretsmanager/secretVersion:SecretVersion': [],
  'aws:sns/topic:Topic': [],
  'aws:sns/topicPolicy:TopicPolicy': [],
  'aws:sns/topicSubscription:TopicSubscription': [],
  'aws:sqs/queue:Queue': ['CT.SQS.PR.1', 'CT.SQS.PR.2'],
  'aws:ssm/parameter:Parameter': [],
};
