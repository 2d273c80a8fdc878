// Names the account and the region of the emulator. Its address and keys come from the environment of the process
// (AWS_ENDPOINT_URL and its like).
import { STS } from '@aws-sdk/client-sts';
import { REGION } from '../../../core/config/names.ts';

export const options = { region: REGION };

const sts = new STS(options);

export async function callerIdentity(): Promise<{ account: string; arn: string; userId: string }> {
  const answer = await sts.getCallerIdentity();
  return { account: answer.Account ?? '', arn: answer.Arn ?? '', userId: answer.UserId ?? '' };
}

export async function arn(service: string, resource: string): Promise<string> {
  return `arn:aws:${service}:${REGION}:${(await callerIdentity()).account}:${resource}`;
}
