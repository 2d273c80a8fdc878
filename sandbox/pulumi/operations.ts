// Answers Pulumi's calls to a provider from the table of resource types: for the provider that the real engine
// attaches, and for the run without the CLI.
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { INVOKES, RESOURCE_TYPES } from './resources/table.ts';
import type { Problem, ResourceType } from './resources/type.ts';
import type { Register } from './register.ts';
import {
  hasUnknown,
  isArchive,
  isAsset,
  isProps,
  markSecrets,
  plain,
  plainProps,
  secretNames,
  type Props,
} from './values.ts';

interface Diff {
  readonly changes: boolean;
  readonly replaces: string[];
  readonly deleteBeforeReplace: boolean;
}

export interface Operations {
  check(
    urn: string,
    olds: Props,
    news: Props,
  ): { readonly inputs: Props; readonly failures: Problem[] };
  diff(urn: string, olds: Props, news: Props): Diff;
  create(urn: string, inputs: Props): Promise<{ readonly id: string; readonly outs: Props }>;
  read(
    id: string,
    urn: string,
    props: Props,
  ): Promise<{ readonly id: string; readonly props: Props; readonly inputs: Props }>;
  update(id: string, urn: string, olds: Props, news: Props): Promise<{ readonly outs: Props }>;
  delete(id: string, urn: string, props: Props): Promise<void>;
  invoke(token: string, args: Props): Promise<Props>;
}

export function operations(register: Register): Operations {
  return {
    check,
    diff,
    async create(urn, inputs) {
      const type = typeOf(urn);
      const created = await noted(register, urn, type.create(plainProps(inputs)));
      register.made(urn, created.id, inputs);
      return { id: created.id, outs: outputsOf(type, inputs, created.outputs) };
    },
    async read(id, urn, props) {
      const type = typeOf(urn);
      const live = await type.read(id, plainProps(props));
      if (live === null) return { id: '', props: {}, inputs: {} };
      const outs = outputsOf(type, props, live);
      const inputs = Object.entries(outs).filter(([name]) => type.properties.includes(name));
      return { id, props: outs, inputs: Object.fromEntries(inputs) };
    },
    async update(id, urn, olds, news) {
      const type = typeOf(urn);
      const changed = changesOf(type, olds, news);
      const change = type.update(id, plainProps(news), changed);
      const outputs = await noted(register, urn, change);
      register.made(urn, id, news);
      const computed = Object.entries(olds).filter(([name]) => !type.properties.includes(name));
      const outs = { ...Object.fromEntries(computed), ...news };
      return { outs: outputsOf(type, outs, outputs) };
    },
    async delete(id, urn, props) {
      await noted(register, urn, typeOf(urn).delete(id, plainProps(props)));
      register.gone(urn, id);
    },
    invoke: invokeFunction,
  };
}

/** `urn:pulumi:stack::project::parent$type::name` */
function typeOf(urn: string): ResourceType {
  const name = urn.split('::')[2]?.split('$').at(-1) ?? '';
  const type = RESOURCE_TYPES.get(name);
  if (type === undefined) {
    throw new Error(
      `the sandbox does not know the resource type ${name}: add it to sandbox/pulumi/resources/table.ts`,
    );
  }
  return type;
}

function check(
  urn: string,
  olds: Props,
  news: Props,
): { readonly inputs: Props; readonly failures: Problem[] } {
  const type = typeOf(urn);
  const named = { ...news, ...autoname(type, urn, plainProps(olds), plainProps(news)) };
  // A preview does not know every value yet, so unknown values are not checked.
  const unknown = Object.keys(named).filter((name) => hasUnknown(named[name]));
  const failures = type
    .problems(plainProps(named))
    .filter(({ property }) => !unknown.includes(property.split('.')[0] ?? ''));
  return { inputs: named, failures };
}

function autoname(type: ResourceType, urn: string, olds: Props, news: Props): Props {
  const property = type.autoname;
  if (property === null || news[property] !== undefined) return {};
  if (olds[property] !== undefined) return { [property]: olds[property] };
  const name = `${logicalName(urn)}-${randomBytes(4).toString('hex').slice(0, 7)}`;
  return { [property]: property === 'bucket' ? name.toLowerCase() : name };
}

function logicalName(urn: string): string {
  return urn.split('::').slice(3).join('::');
}

function diff(urn: string, olds: Props, news: Props): Diff {
  const type = typeOf(urn);
  const changed = changesOf(type, olds, news);
  const before = plainProps(olds);
  const after = plainProps(news);
  const replaces = [...type.replaceOn].filter((path) => !same(at(before, path), at(after, path)));
  return {
    changes: changed.size > 0,
    replaces,
    deleteBeforeReplace: replaces.length > 0 && keepsFixedName(type, urn, changed, news),
  };
}

/**
 * Two of one fixed name cannot stand side by side (pulumi-terraform-bridge pkg/tfbridge/provider.go,
 * nameRequiresDeleteBeforeReplace).
 */
function keepsFixedName(
  type: ResourceType,
  urn: string,
  changed: ReadonlySet<string>,
  news: Props,
): boolean {
  if (type.autoname === null || changed.has(type.autoname)) return false;
  const name = plain(news[type.autoname]);
  const stem = `${logicalName(urn)}-`.toLowerCase();
  const rest = typeof name === 'string' && name.toLowerCase().startsWith(stem);
  return !(rest && /^[0-9a-f]{7}$/.test(name.slice(stem.length)));
}

function changesOf(type: ResourceType, olds: Props, news: Props): ReadonlySet<string> {
  const before = plainProps(olds);
  const after = plainProps(news);
  const names = type.properties.filter((name) => name in before || name in after);
  return new Set(names.filter((name) => !same(before[name], after[name])));
}

/** The value at a path of names with dots between them. */
function at(props: Props, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (isProps(value) ? value[name] : undefined), props);
}

function same(before: unknown, after: unknown): boolean {
  // The engine compares assets by their hash (sdk/go/common/resource/asset).
  if ((isAsset(before) && isAsset(after)) || (isArchive(before) && isArchive(after))) {
    if (before['hash'] !== undefined) return before['hash'] === after['hash'];
  }
  return isDeepStrictEqual(before, after);
}

function outputsOf(type: ResourceType, inputs: Props, computed: Props): Props {
  const secrets = new Set([...secretNames(inputs), ...type.secretOutputs]);
  return markSecrets({ ...plainProps(inputs), ...plainProps(computed) }, secrets);
}

async function noted<T>(register: Register, urn: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (caught) {
    register.failed(urn, caught);
    throw caught;
  } finally {
    register.save();
  }
}

async function invokeFunction(token: string, args: Props): Promise<Props> {
  const known = INVOKES.get(token);
  if (known === undefined) {
    throw new Error(
      `the sandbox does not know the function ${token}: add it to sandbox/pulumi/resources/table.ts`,
    );
  }
  const given = plainProps(args);
  const [problem] = known.problems(given);
  if (problem !== undefined) throw new Error(`${token}: ${problem.property} ${problem.reason}`);
  return plainProps(await known.answer(given));
}
