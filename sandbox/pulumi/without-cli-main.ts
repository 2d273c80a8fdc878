// Runs the program in a child process of without-cli.ts. Arguments: the program, the run's folder. The configuration
// comes by message, and the answer goes back by message.
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import * as pulumi from '@pulumi/pulumi';
import * as z from 'zod/mini';
import { toError } from '../../core/errors.ts';
import { PROJECT } from '../../core/config/names.ts';
import { takeHooks } from './mock-hooks.ts';
import { operations } from './operations.ts';
import { problemOf, registerIn } from './register.ts';
import { isProps, wired, type Props } from './values.ts';
import type { WithoutCliAnswer } from './without-cli.ts';

const STACK = 'dev';
const settings = z.object({
  config: z.record(z.string(), z.string()),
  secrets: z.record(z.string(), z.string()),
});

const [, , program = '', dir = '.'] = process.argv;
const on = operations(registerIn(dir));
let working = 0;
let failure: string | null = null;

/**
 * Answers once, when all that had begun has ended, and ends the process: an error given to the SDK's mock monitor
 * becomes one unhandled rejection for each output of the resource.
 */
function answer(message: WithoutCliAnswer): void {
  process.send?.(message, () => process.exit('outputs' in message ? 0 : 1));
}

async function counted<T>(what: string, work: () => Promise<T>): Promise<T> {
  working++;
  try {
    return await work();
  } catch (caught) {
    failure ??= `${what}: ${problemOf(caught)}`;
  } finally {
    working--;
    if (failure !== null && working === 0) answer({ ofResource: failure });
  }
  return await new Promise<T>(() => undefined);
}

async function create(
  args: pulumi.runtime.MockResourceArgs,
): Promise<{ id: string; state: Record<string, unknown> }> {
  const inputs = asProps(await wired(args.inputs));
  // A component is a name for its children, and the provider is the table itself.
  if (args.custom !== true) return { id: '', state: { ...inputs } };
  if (args.type.startsWith('pulumi:')) return { id: args.name, state: { ...inputs } };
  const urn = ['urn:pulumi:dev', PROJECT, args.type, args.name].join('::');
  return await counted(`${args.type} ${args.name}`, async () => {
    if (args.id !== undefined && args.id !== '') {
      const { id, props } = await on.read(args.id, urn, inputs);
      if (id === '') throw new Error(`there is no ${args.id}`);
      return { id, state: { ...props } };
    }
    const checked = on.check(urn, {}, inputs);
    const [problem] = checked.failures;
    if (problem !== undefined) throw new Error(`${problem.property} ${problem.reason}`);
    const { id, outs } = await on.create(urn, checked.inputs);
    return { id, state: { ...outs } };
  });
}

async function run(given: z.output<typeof settings>): Promise<WithoutCliAnswer> {
  const all = Object.entries({ ...given.config, ...given.secrets });
  pulumi.runtime.setAllConfig(
    Object.fromEntries(all.map(([key, value]) => [full(key), value])),
    Object.keys(given.secrets).map(full),
  );
  await pulumi.runtime.setMocks(
    {
      newResource: create,
      call: async ({ token, inputs }) =>
        await counted(token, async () => ({ ...(await on.invoke(token, asProps(inputs))) })),
    },
    PROJECT,
    STACK,
  );
  takeHooks();
  let outputs: Props = {};
  await pulumi.runtime.runInPulumiStack(async () => {
    outputs = asProps(await outputsOf(await import(pathToFileURL(program).href)));
    return outputs;
  });
  await pulumi.runtime.disconnect();
  const shown = Object.entries(outputs).map(async ([key, value]) => [key, await valueOf(value)]);
  return { outputs: Object.fromEntries((await Promise.all(shown)) as [string, unknown][]) };
}

function full(key: string): string {
  return key.includes(':') ? key : `${PROJECT}:${key}`;
}

/** An entry exports its outputs by name, or as a default value or function (the engine's own rule). */
async function outputsOf(module: unknown): Promise<unknown> {
  if (!isProps(module) || !('default' in module)) return module;
  const main = module['default'];
  return typeof main === 'function' ? await (main as () => unknown)() : main;
}

async function valueOf(value: unknown): Promise<unknown> {
  const output = pulumi.output([value]);
  if (await pulumi.isSecret(output)) return '[secret]';
  return await new Promise((resolve) => {
    output.apply(([known]) => {
      resolve(known);
    });
  });
}

function asProps(value: unknown): Props {
  return isProps(value) ? value : {};
}

process.on('unhandledRejection', (caught) => {
  answer({ ofProgram: toError(caught).message });
});
const [message] = (await once(process, 'message')) as unknown[];
try {
  answer(await run(settings.parse(message)));
} catch (caught) {
  answer({ ofProgram: toError(caught).message });
}
