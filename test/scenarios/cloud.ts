// Creates the AWS resources of one stack on the emulator, and a queue as the mailbox of its topic.
import { randomBytes } from 'node:crypto';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  GetParameterCommand,
  GetParameterHistoryCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import type { AwsOptions } from '../../cli/shared/io.ts';
import { type Names, PLACEHOLDER, type ParameterName } from '../../core/config/names.ts';
import type { Message } from '../../core/ports.ts';
import type { Emulator } from '../../sandbox/aws/emulator.ts';
import { type Faults, startFaults } from '../../sandbox/faults.ts';
import { openTopic } from '../support/topic.ts';

export interface Credentials {
  readonly appId: string;
  readonly appSecret: string;
  readonly pin: string;
  readonly refreshToken: string;
}

export interface Cloud extends AsyncDisposable {
  /** The keeper's clients, behind {@link faults}. They do not retry, so a throttled call fails. */
  readonly ssm: SSMClient;
  readonly secretsManager: SecretsManagerClient;
  readonly sns: SNSClient;
  /** For commands, without the faults. */
  readonly aws: AwsOptions;
  readonly topicArn: string;
  readonly faults: Faults;
  /** Sets a parameter as `pulumi up` does. */
  setParameter(name: ParameterName, value: string): Promise<void>;
  setPin(pin: string): Promise<void>;
  /** Returns null if the parameter does not exist. */
  parameter(
    name: ParameterName,
  ): Promise<{ readonly value: string; readonly version: number } | null>;
  /** Returns the value of a claim, or null if it is free. */
  claim(day: string, n: number): Promise<string | null>;
  /** Returns the versions after `after`, oldest first. */
  history(
    name: ParameterName,
    after: number,
  ): Promise<readonly { readonly value: string; readonly version: number }[]>;
  /** Returns the messages since the last call. */
  mail(): Promise<readonly Message[]>;
}

export async function newCloud(
  { endpoint, region, rootCredentials: credentials }: Emulator,
  names: Names,
  given: Credentials,
): Promise<Cloud> {
  const faults = await startFaults(endpoint);
  const direct = { endpoint, region, credentials };
  const faulty = { endpoint: faults.url, region, credentials, maxAttempts: 1 };
  const ssm = new SSMClient(direct);
  const secretsManager = new SecretsManagerClient(direct);
  const sqs = new SQSClient(direct);
  const setParameter = async (name: ParameterName, Value: string) => {
    const input = {
      Name: names.parameter(name),
      Value,
      Type: 'SecureString',
      Overwrite: true,
    } as const;
    await ssm.send(new PutParameterCommand(input));
  };
  await setParameter('FYERS_CLIENT_ID', given.appId);
  await setParameter('FYERS_SECRET_KEY', given.appSecret);
  await setParameter('FYERS_LINK_KEY', randomBytes(32).toString('hex'));
  await setParameter('FYERS_PIN_KEY', randomBytes(32).toString('hex'));
  await setParameter('FYERS_ACCESS_TOKEN', PLACEHOLDER);
  await setParameter('FYERS_REFRESH_TOKEN', given.refreshToken);
  await secretsManager.send(
    new CreateSecretCommand({ Name: names.pinSecret, SecretString: given.pin }),
  );
  const { topicArn, queueUrl } = await openTopic(new SNSClient(direct), sqs, names.undelivered);
  return {
    ssm: new SSMClient(faulty),
    secretsManager: new SecretsManagerClient(faulty),
    sns: new SNSClient(faulty),
    aws: direct,
    topicArn,
    faults,
    setParameter,
    async setPin(SecretString) {
      await secretsManager.send(
        new PutSecretValueCommand({ SecretId: names.pinSecret, SecretString }),
      );
    },
    parameter: (name) => parameterIn(ssm, names.parameter(name)),
    claim: async (day, n) => (await parameterIn(ssm, names.claim(day, n)))?.value ?? null,
    history: (name, after) => historyOf(ssm, names.parameter(name), after),
    mail: () => mailIn(sqs, queueUrl),
    async [Symbol.asyncDispose]() {
      await faults.close();
    },
  };
}

async function parameterIn(ssm: SSMClient, Name: string) {
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));
    return { value: Parameter?.Value ?? '', version: Parameter?.Version ?? 0 };
  } catch (caught) {
    if (caught instanceof Error && caught.name === 'ParameterNotFound') return null;
    throw caught;
  }
}

async function historyOf(ssm: SSMClient, Name: string, after: number) {
  const found: { readonly value: string; readonly version: number }[] = [];
  for (let NextToken: string | undefined; ;) {
    const input = { Name, WithDecryption: true, ...(NextToken === undefined ? {} : { NextToken }) };
    const answer = await ssm.send(new GetParameterHistoryCommand(input));
    for (const { Value = '', Version = 0 } of answer.Parameters ?? []) {
      if (Version > after) found.push({ value: Value, version: Version });
    }
    NextToken = answer.NextToken;
    if (NextToken === undefined || NextToken === '') break;
  }
  return found.sort((one, other) => one.version - other.version);
}

async function mailIn(sqs: SQSClient, QueueUrl: string): Promise<readonly Message[]> {
  const mail: Message[] = [];
  for (;;) {
    const input = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(input));
    if (Messages.length === 0) return mail;
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle,
    }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    for (const { Body = '' } of Messages) {
      const { Subject, Message } = JSON.parse(Body) as {
        readonly Subject: string;
        readonly Message: string;
      };
      mail.push({ subject: Subject, text: Message });
    }
  }
}
