// Which of CloudTrail's events the operator is told of: reads of what this stack keeps secret, by nobody of its own.
import * as pulumi from '@pulumi/pulumi';
import { type Names, REGION } from '../core/names.ts';
import { PARAMETERS } from './arns.ts';

export interface ReadPatternArgs {
  readonly names: Names;
  readonly accountId: string;
  /** With the characters that AWS appends; null without a PIN. */
  readonly pinArn: string | null;
  /** Whose reads are not told. */
  readonly roleArns: readonly string[];
  readonly userArns: readonly string[];
}

/** EventBridge's quota for a pattern, in characters, before an increase that one would have to ask for. */
const PATTERN_LENGTH_MAX = 2_048;

/** An address that every mail holds is nobody's secret. */
const SECRET = PARAMETERS.filter((name) => name !== 'FYERS_LOGIN_URL');

/** All that hand out a value. BatchGetSecretValue is recorded as a GetSecretValue for each secret. */
const CALLS = [
  'GetParameter',
  'GetParameters',
  'GetParametersByPath',
  'GetParameterHistory',
  'GetSecretValue',
] as const;

/** @throws RunError where so many readers are named that EventBridge would not take it */
export function readPattern({ names, accountId, pinArn, roleArns, userArns }: ReadPatternArgs) {
  const parameters = [
    ...[...SECRET, 'FYERS_TELEGRAM' as const].map((name) => names.parameter(name)),
    // A version or a label after the name, and the address in place of it, are rare: those of another stack are told,
    // too, rather than doubling the pattern.
    { wildcard: 'FYERS_*:*' },
    { prefix: `arn:aws:ssm:${REGION}:${accountId}:parameter/FYERS_` },
  ];
  const secret = `arn:aws:secretsmanager:${REGION}:${accountId}:secret:${names.pinSecret}`;
  const pattern = JSON.stringify({
    source: ['aws.ssm', 'aws.secretsmanager'],
    'detail-type': ['AWS API Call via CloudTrail'],
    detail: {
      eventName: CALLS,
      userIdentity: {
        ...(userArns.length === 0 ? {} : { arn: allBut(userArns) }),
        sessionContext: { sessionIssuer: { arn: allBut(roleArns) } },
      },
      $or: [
        { requestParameters: { name: parameters } },
        { requestParameters: { names: parameters } },
        // The whole of the store: names without a slash lie at its root.
        { requestParameters: { path: ['/'] } },
        ...(pinArn === null
          ? []
          : [{ requestParameters: { secretId: [names.pinSecret, secret, pinArn] } }]),
      ],
    },
  });
  if (pattern.length <= PATTERN_LENGTH_MAX) return pattern;
  throw new pulumi.RunError(
    `watchReads has to leave out every role and user of readers, and EventBridge takes ${String(PATTERN_LENGTH_MAX)} characters, not ${String(pattern.length)}. Name fewer with \`pulumi config set readers VALUE\`.`,
  );
}

/** `anything-but` alone needs the field to be there, and neither a user of IAM nor the root user has a session's issuer. */
function allBut(arns: readonly string[]) {
  return [{ exists: false }, { 'anything-but': arns }];
}
