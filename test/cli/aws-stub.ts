// Serves the parts of Parameter Store and Lambda that a login uses, on loopback.
import type { AwsOptions } from '../../cli/shared/io.ts';
import { serveReplies } from '../support/loopback.ts';

export interface AwsStub extends AsyncDisposable {
  readonly options: AwsOptions;
  readonly parameters: Map<string, string>;
  /** Each invocation as `<name> <event>`. */
  readonly invocations: string[];
  /** The answer to the next invocations; `failed` is an `errorMessage`. */
  answer: unknown;
  failed: string | null;
  hasFunctions: boolean;
  /** Whether IAM forbids to read a parameter. */
  isDenied: boolean;
  /** The login function's URL; null if the stack has no login function. */
  loginUrl: string | null;
  /**
   * The environment of FyersTokenRefresh: null if it is not deployed, `denied` if IAM forbids the
   * read.
   */
  settings: Readonly<Record<string, string>> | 'denied' | null;
  /** Called before each read of a parameter. */
  onRead: (name: string) => void;
}

export async function awsStub(parameters: Readonly<Record<string, string>> = {}): Promise<AwsStub> {
  const { url, ...listening } = await serveReplies((request, body) => {
    const { status, headers, answer } = reply(stub, request.url ?? '', body);
    const type = { 'content-type': 'application/x-amz-json-1.1' };
    return { status, headers: { ...type, ...headers }, body: JSON.stringify(answer) };
  });
  const stub: AwsStub = {
    options: {
      endpoint: url,
      region: 'ap-south-1',
      credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'test' },
      maxAttempts: 1,
    },
    parameters: new Map(Object.entries(parameters)),
    invocations: [],
    answer: {},
    failed: null,
    hasFunctions: true,
    isDenied: false,
    loginUrl: null,
    settings: null,
    onRead: () => undefined,
    ...listening,
  };
  return stub;
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer: unknown;
}

function reply(stub: AwsStub, url: string, body: string): Reply {
  const invoked = /\/functions\/([^/]+)\/invocations/.exec(url)?.[1];
  if (invoked !== undefined && stub.hasFunctions) {
    stub.invocations.push(`${invoked} ${body}`);
    if (stub.failed === null) return { status: 200, answer: stub.answer };
    const answer = { errorType: 'FyersError', errorMessage: stub.failed, trace: [] };
    return { status: 200, headers: { 'x-amz-function-error': 'Unhandled' }, answer };
  }
  if (url.endsWith('/functions/FyersTokenRefresh/configuration') && stub.settings !== null) {
    if (stub.settings !== 'denied') {
      return { status: 200, answer: { Environment: { Variables: stub.settings } } };
    }
    const headers = { 'x-amzn-errortype': 'AccessDeniedException' };
    return { status: 403, headers, answer: { Message: 'not authorized' } };
  }
  if (url.endsWith('/functions/FyersLogin/url') && stub.loginUrl !== null) {
    return { status: 200, answer: { FunctionUrl: stub.loginUrl } };
  }
  if (url.includes('/functions/')) {
    const headers = { 'x-amzn-errortype': 'ResourceNotFoundException' };
    return { status: 404, headers, answer: { Message: 'Function not found' } };
  }
  const { Name } = JSON.parse(body) as { Name: string };
  stub.onRead(Name);
  if (stub.isDenied) {
    const message = `User: me is not authorized to perform: ssm:GetParameter on resource: ${Name}`;
    return { status: 400, answer: { __type: 'AccessDeniedException', message } };
  }
  const Value = stub.parameters.get(Name);
  return Value === undefined
    ? { status: 400, answer: { __type: 'ParameterNotFound' } }
    : { status: 200, answer: { Parameter: { Name, Value, Type: 'SecureString' } } };
}
