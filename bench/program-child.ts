// Runs a Pulumi program as its language host would, against mocks that answer at once. Arguments:
// the operator's folder, the program's entry. Without an entry the program is empty.
import { pathToFileURL } from 'node:url';
import * as pulumi from '@pulumi/pulumi';
import { PROJECT } from '../core/config/names.ts';
import { takeHooks } from '../sandbox/pulumi/mock-hooks.ts';

const [, , operatorDir = '', entry] = process.argv;

type Program = () => Promise<object>;

/** Answers to the AWS lookups of the program. */
const ANSWERS: Readonly<Record<string, object>> = {
  'aws:index/getCallerIdentity:getCallerIdentity': { accountId: '123456789012' },
  'aws:ssm/getParameter:getParameter': { value: 'ami-0123456789abcdef0' },
};

async function programOf(file: string | undefined): Promise<Program> {
  if (file === undefined) return () => Promise.resolve({});
  const module = (await import(pathToFileURL(file).href)) as { readonly default: Program };
  return module.default;
}

pulumi.runtime.setAllConfig({ [`${PROJECT}:operatorDir`]: operatorDir });
await pulumi.runtime.setMocks(
  {
    newResource: ({ type, name, inputs }) => {
      const arn = `arn:aws:mock:::${type.split(':').at(-1) ?? ''}/${name}`;
      const made = { arn, name, key: name, url: `https://mock/${name}` };
      return { id: `${name}-1234567`, state: { ...made, ...(inputs as object) } };
    },
    call: ({ token, inputs }) => ({ ...(inputs as object), ...ANSWERS[token] }),
  },
  PROJECT,
  'dev',
);
takeHooks();
await pulumi.runtime.runInPulumiStack(async () => (await programOf(entry))());
await pulumi.runtime.disconnect();
