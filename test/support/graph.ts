// Runs the whole Pulumi program against the SDK's mock monitor, and returns the registered resources with their options.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { RegisterResourceRequest } from '@pulumi/pulumi/proto/resource_pb.js';
import { bundleCode, type Code } from '../../infra/bundle.ts';
import { program } from '../../infra/index.ts';
import { takeHooks } from '../../sandbox/pulumi/mock-hooks.ts';

export const ACCOUNT = '123456789012';
export const IMAGE_ID = 'ami-0123456789abcdef0';
const NEW_ACCOUNTS_QUOTA = 10;
const PROJECT_NAME = 'fyers-token-refresh';

export interface Registered {
  readonly type: string;
  readonly name: string;
  /** Plain: markers of secrets and archives are taken off. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Paths into the inputs that are marked secret, such as `value` or `environment.variables.X`. */
  readonly secrets: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean;
  readonly protect: boolean;
  /** `<type>::<name>` of what it waits for. */
  readonly dependsOn: readonly string[];
  readonly parent: string;
  readonly provider: string;
}

export interface Graph {
  readonly resources: readonly Registered[];
  /** Resources taken up by their id instead of being made: `<type>::<name>` and id. */
  readonly reads: readonly { readonly resource: string; readonly id: string }[];
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly secretOutputs: readonly string[];
}

export interface World {
  /** Pulumi's configuration, without the namespace. */
  readonly config?: Readonly<Record<string, string>>;
  readonly secretKeys?: readonly string[];
  /** Files of the operator's folder by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Executions at a time that the account has in Lambda; null where that may not be read. */
  readonly quota?: number | null;
}

/** The one resource of a type, or of a type and name. @throws Error if there is not exactly one. */
export function one(graph: Graph, type: string, name?: string): Registered {
  const found = graph.resources.filter(
    (each) => each.type === type && (name === undefined || each.name === name),
  );
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(`${String(found.length)} of ${type} ${name ?? ''}`);
  }
  return first;
}

/** All of a type. */
export function allOf(graph: Graph, type: string): readonly Registered[] {
  return graph.resources.filter((each) => each.type === type);
}

/** @throws what the program throws */
export async function graphOf(world: World): Promise<Graph> {
  return inFolder(world, (folder) => run(world, folder));
}

async function inFolder<T>(world: World, act: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'fyers-operator-'));
  try {
    for (const [name, text] of Object.entries(world.files ?? {})) {
      writeFileSync(path.join(folder, name), text);
    }
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The program's message for a wrong configuration, and the number of resources registered before it stopped. */
export async function problemsOf(
  world: World,
): Promise<{ readonly message: string; readonly registered: number }> {
  return inFolder(world, async (folder) => {
    const resources: Registered[] = [];
    await prepare(world, folder, []);
    recordInto(resources);
    const message = await withoutStacks(() => program(codeOnce(), environmentOf(world))).then(
      () => 'no problem',
      (error: unknown) => (pulumi.RunError.isInstance(error) ? error.message : 'another error'),
    );
    return { message, registered: resources.length };
  });
}

async function run(world: World, folder: string): Promise<Graph> {
  const resources: Registered[] = [];
  const reads: { resource: string; id: string }[] = [];
  await prepare(world, folder, reads);
  const stack = recordInto(resources);
  await withoutStacks(async () => {
    await pulumi.runtime.runInPulumiStack(() => program(codeOnce(), environmentOf(world)));
    await pulumi.runtime.disconnect();
  });
  const { value, secrets } = unmark(stack());
  // Without a monitor the SDK registers nothing and reports nothing.
  if (resources.length === 0) throw new Error('the program registered nothing');
  return { resources, reads, outputs: asRecord(value), secretOutputs: secrets };
}

let code: Promise<Code> | null = null;

/** Even the cached bundle takes a tenth of a second. */
function codeOnce(): Promise<Code> {
  code ??= bundleCode();
  return code;
}

/** The SDK takes a stack for every promise; with Vitest's source maps this is half of the time. */
async function withoutStacks<T>(act: () => Promise<T>): Promise<T> {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return await act();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

async function prepare(
  world: World,
  folder: string,
  reads: { resource: string; id: string }[],
): Promise<void> {
  await pulumi.runtime.setMocks(mocks(reads, world.quota), PROJECT_NAME, 'dev', false);
  takeHooks();
  configure({ operatorDir: folder, ...world.config }, world.secretKeys ?? []);
}

function environmentOf(world: World): Readonly<Record<string, string>> {
  const keys = (world.secretKeys ?? []).map((key) => `${PROJECT_NAME}:${key}`);
  return { PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(keys), ...world.environment };
}

function configure(config: Readonly<Record<string, string>>, secretKeys: readonly string[]): void {
  const namespaced = (key: string) => `${PROJECT_NAME}:${key}`;
  pulumi.runtime.setAllConfig(
    Object.fromEntries(Object.entries(config).map(([key, value]) => [namespaced(key), value])),
    secretKeys.map(namespaced),
  );
}

/** @returns a function that answers the stack's outputs, still marked */
function recordInto(resources: Registered[]): () => unknown {
  const monitor = pulumi.runtime.getMonitor();
  if (monitor === undefined) throw new Error('no mock monitor');
  const register = monitor.registerResource.bind(monitor);
  const finish = monitor.registerResourceOutputs.bind(monitor);
  let outputs: unknown = {};
  const patch: Partial<Record<'registerResource' | 'registerResourceOutputs', unknown>> = {
    registerResource: (request: RegisterResourceRequest, done: unknown): unknown => {
      resources.push(registered(request));
      return Reflect.apply(register, monitor, [request, done]);
    },
    registerResourceOutputs: (
      request: Parameters<typeof monitor.registerResourceOutputs>[0],
      done: unknown,
    ): unknown => {
      if (request.getUrn().includes('pulumi:pulumi:Stack::')) {
        outputs = request.getOutputs()?.toJavaScript();
      }
      return Reflect.apply(finish, monitor, [request, done]);
    },
  };
  Object.assign(monitor, patch);
  return () => outputs;
}

function registered(request: RegisterResourceRequest): Registered {
  const { value, secrets } = unmark(request.getObject()?.toJavaScript() ?? {});
  return {
    type: request.getType(),
    name: request.getName(),
    inputs: asRecord(value),
    secrets,
    ignoreChanges: request.getIgnorechangesList(),
    retainOnDelete: request.getRetainondelete() ?? false,
    deleteBeforeReplace: request.getDeletebeforereplace(),
    protect: request.getProtect() ?? false,
    dependsOn: request.getDependenciesList().map(shortUrn),
    parent: shortUrn(request.getParent()),
    provider: request.getProvider(),
  };
}

/** `aws:iam/role:Role::name`; the mock's URNs are not an engine's, but their ends are. */
function shortUrn(urn: string): string {
  const [type = '', name = ''] = urn.split('::').slice(2);
  return `${type.split('$').at(-1) ?? ''}::${name}`;
}

/** The id that the mock gives to a resource that it makes; a bucket's is its name. */
export function mockId(name: string): string {
  return `${name}-1234567`;
}

function mocks(
  reads: { resource: string; id: string }[],
  quota: number | null = NEW_ACCOUNTS_QUOTA,
): pulumi.runtime.Mocks {
  return {
    newResource: ({ type, name, inputs, id: taken }) => {
      if (taken !== undefined && taken !== '')
        reads.push({ resource: `${type}::${name}`, id: taken });
      const given = asRecord(inputs);
      const id = taken !== undefined && taken !== '' ? taken : mockId(name);
      const arn = `arn:aws:mock:::${type.split(':').at(-1) ?? ''}/${name}`;
      const computed = { keyId: id, url: `https://mock/${id}`, functionUrl: `https://${id}.mock/` };
      return { id, state: { arn, name: id, key: id, ...computed, ...given } };
    },
    call: ({ token, inputs: given }) => {
      const inputs = asRecord(given);
      if (token === 'aws:index/getCallerIdentity:getCallerIdentity') return { accountId: ACCOUNT };
      if (token === 'aws:ssm/getParameter:getParameter') return { ...inputs, value: IMAGE_ID };
      if (token === 'aws:servicequotas/getServiceQuota:getServiceQuota' && quota !== null)
        return { ...inputs, value: quota };
      if (token === 'aws:ec2/getSubnet:getSubnet')
        return { ...inputs, vpcId: 'vpc-0123456789abcdef0' };
      throw new Error(`no answer for ${token}`);
    },
  };
}

// The SDK's markers on the wire (sdk/nodejs/runtime/rpc.ts).
const MARK = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';

function unmark(marked: unknown): { value: unknown; secrets: readonly string[] } {
  const secrets: string[] = [];
  const walk = (value: unknown, at: string): unknown => {
    if (Array.isArray(value)) return value.map((item, i) => walk(item, `${at}.${String(i)}`));
    if (typeof value !== 'object' || value === null) return value;
    const record = asRecord(value);
    if (record[MARK] === SECRET) {
      secrets.push(at.slice(1));
      return walk(record['value'], at);
    }
    return Object.fromEntries(
      Object.entries(record)
        .filter(([key]) => key !== MARK)
        .map(([key, inner]) => [key, walk(inner, `${at}.${key}`)]),
    );
  };
  return { value: walk(marked, ''), secrets };
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {};
}
