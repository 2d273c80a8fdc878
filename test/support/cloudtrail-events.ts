// Makes events as CloudTrail hands them to EventBridge (CloudTrail record contents; "AWS service events delivered via
// CloudTrail", EventBridge User Guide).
import { ACCOUNT } from './graph.ts';

type Identity = Readonly<Record<string, unknown>>;

/** Of a role, by its session. */
export function roleIdentity(roleArn: string, session = 'session'): Identity {
  const name = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  return {
    type: 'AssumedRole',
    principalId: `AROAEXAMPLE:${session}`,
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${name}/${session}`,
    accountId: ACCOUNT,
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: 'AROAEXAMPLE',
        arn: roleArn,
        accountId: ACCOUNT,
        userName: name,
      },
      attributes: { creationDate: '2026-11-25T04:00:00Z', mfaAuthenticated: 'false' },
    },
  };
}

export function userIdentity(path: string): Identity {
  return {
    type: 'IAMUser',
    principalId: 'AIDAEXAMPLE',
    arn: `arn:aws:iam::${ACCOUNT}:user/${path}`,
    accountId: ACCOUNT,
    userName: path.slice(path.lastIndexOf('/') + 1),
  };
}

export const ROOT_IDENTITY: Identity = {
  type: 'Root',
  principalId: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:root`,
  accountId: ACCOUNT,
};

export interface Call {
  readonly by: Identity;
  readonly service?: 'ssm' | 'secretsmanager';
  readonly eventName?: string;
  readonly asked: Readonly<Record<string, unknown>>;
  readonly errorCode?: string;
}

export function cloudTrailEvent({ by, service = 'ssm', eventName, asked, errorCode }: Call) {
  return {
    version: '0',
    id: '36eb8523-97d0-4518-b33d-ee3579ff19f0',
    'detail-type': 'AWS API Call via CloudTrail',
    source: `aws.${service}`,
    account: ACCOUNT,
    time: '2026-11-25T04:45:03Z',
    region: 'ap-south-1',
    resources: [],
    detail: {
      eventVersion: '1.11',
      userIdentity: by,
      eventTime: '2026-11-25T04:45:03Z',
      eventSource: `${service}.amazonaws.com`,
      eventName: eventName ?? 'GetParameter',
      awsRegion: 'ap-south-1',
      sourceIPAddress: '203.0.113.7',
      userAgent: 'aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.1',
      ...(errorCode === undefined ? {} : { errorCode, errorMessage: 'User is not authorized' }),
      requestParameters: asked,
      responseElements: null,
      requestID: '9f2c4ad0-0000-4000-8000-000000000000',
      eventID: 'b7d3c2f1-0000-4000-8000-000000000000',
      readOnly: true,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: ACCOUNT,
      eventCategory: 'Management',
    },
  };
}
