import {
  AddPermissionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionUrlConfigCommand,
  FunctionUrlAuthType,
  GetFunctionUrlConfigCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import { lambda } from './clients.ts';
import { given, resourceType, unlessGone, type ResourceType } from './type.ts';

const GONE = 'ResourceNotFoundException';

const functionUrl = resourceType({
  inputs: z.strictObject({
    functionName: z.string(),
    authorizationType: z.enum(FunctionUrlAuthType),
  }),
  // lambda/function_url.go: function_name ForceNew (qualifier too: none is used here).
  replaceOn: ['functionName'],
  async create({ functionName, authorizationType }) {
    const answer = await lambda.send(
      new CreateFunctionUrlConfigCommand({
        FunctionName: functionName,
        AuthType: authorizationType,
      }),
    );
    if (authorizationType === 'NONE') await allowEverybody(functionName);
    // lambda/function_url.go FunctionURLCreateResourceID: without a qualifier the function's name.
    return { id: functionName, outputs: addressOf(answer) };
  },
  async read(id) {
    const command = new GetFunctionUrlConfigCommand({ FunctionName: id });
    const answer = await unlessGone(lambda.send(command), GONE);
    return answer === null ? null : { ...addressOf(answer), authorizationType: answer.AuthType };
  },
  async update(id, { authorizationType }) {
    // lambda/function_url.go resourceFunctionURLUpdate: the permissions stay as they are.
    const answer = await lambda.send(
      new UpdateFunctionUrlConfigCommand({ FunctionName: id, AuthType: authorizationType }),
    );
    return addressOf(answer);
  },
  async delete(id) {
    // The permissions are not removed (@pulumi/aws lambda/functionUrl.d.ts); they go with the function.
    await unlessGone(lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName: id })), GONE);
  },
});

function addressOf(live: { FunctionUrl?: string | undefined; FunctionArn?: string | undefined }) {
  const url = given(live.FunctionUrl, 'function URL');
  return {
    functionUrl: url,
    functionArn: live.FunctionArn,
    // lambda/function_url.go resourceFunctionURLRead: the first label of the host.
    urlId: new URL(url).hostname.split('.')[0],
  };
}

/** Both permissions that an address without authorization needs (@pulumi/aws lambda/functionUrl.d.ts, NOTE). */
async function allowEverybody(functionName: string): Promise<void> {
  const everybody = { FunctionName: functionName, Principal: '*' } as const;
  const statements = [
    {
      StatementId: 'FunctionURLAllowPublicAccess',
      Action: 'lambda:InvokeFunctionUrl',
      FunctionUrlAuthType: FunctionUrlAuthType.NONE,
    },
    {
      StatementId: 'FunctionURLAllowInvokeAction',
      Action: 'lambda:InvokeFunction',
      InvokedViaFunctionUrl: true,
    },
  ];
  for (const statement of statements) {
    const command = new AddPermissionCommand({ ...everybody, ...statement });
    // lambda/function_url.go: a statement that is there already is no fault.
    await unlessGone(lambda.send(command), 'ResourceConflictException');
  }
}

export const FUNCTION_URL_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:lambda/functionUrl:FunctionUrl': functionUrl,
};
