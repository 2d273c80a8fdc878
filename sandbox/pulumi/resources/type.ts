// Defines the form of a row in the table of resource types: the properties that the sandbox knows, the name and the
// properties of the type in CloudFormation, and the calls that create, read, change and delete one.
//
// CloudFormation's property names serve twice. Most calls of AWS take the same names, so a row hands `properties` to its
// calls; and test/support/cloudformation writes the template for cfn-lint from them, which checks the names.
//
// The provider does not create resources through the emulator's CloudFormation engine (tried on MiniStack 1.5.33). The
// engine compares templates, so it refuses an update that would only repair drift. It takes over a role that exists
// already without an error, accepts properties that do not exist, and cannot read most types back.
import * as z from 'zod/mini';
import { isProps, type Props } from '../values.ts';

/** The id, and the computed properties; the inputs are added to them. */
type Created = Props & { readonly id: string };

interface Definition<S extends z.ZodMiniObject, P> {
  /** Every property that is modelled; any other property stops the run and is named. */
  readonly inputs: S;
  /** The property that gets the resource's name and seven hex digits when the program gives no name. */
  readonly autoname?: 'name' | 'bucket';
  /**
   * Properties whose change makes a new resource (`ForceNew` upstream; the row names the file under internal/service of
   * github.com/hashicorp/terraform-provider-aws). A nested property is a path with a dot.
   */
  readonly replaceOn: readonly string[];
  readonly secretOutputs?: readonly string[];
  /**
   * The name of the type in CloudFormation. Otherwise the reason why a template has none, or the property that refers to
   * the resource of which CloudFormation makes this one a part.
   */
  readonly cloudFormation:
    `AWS::${string}` | { readonly none: string } | { readonly partOf: string };
  readonly properties?: (inputs: z.output<S>) => P;
  readonly create: (inputs: z.output<S>, properties: P) => Promise<Created>;
  /** Answers the live values that the emulator returns; null, or an error that matches GONE, when the resource is gone. */
  readonly read: (id: string, state: z.output<S>) => Promise<Props | null>;
  /**
   * Answers the computed properties that changed. `create` when one call both creates and changes; absent when no
   * property can change in place.
   */
  readonly update?:
    | 'create'
    | ((
        id: string,
        inputs: z.output<S>,
        properties: P,
        changed: ReadonlySet<string>,
      ) => Promise<Props> | Promise<void>);
  /** Absent when another resource takes this one away with it. May throw an error that matches GONE. */
  readonly delete?: (id: string, state: z.output<S>) => Promise<unknown>;
  /** The error of a service that has no error of its own for a missing resource. */
  readonly gone?: string;
}

export interface Problem {
  readonly property: string;
  readonly reason: string;
}

/** A row without its property types. Each call checks its inputs. */
export interface ResourceType {
  /** The names of the modelled properties. */
  readonly properties: readonly string[];
  readonly autoname: string | null;
  readonly replaceOn: ReadonlySet<string>;
  readonly secretOutputs: readonly string[];
  readonly cloudFormation: Definition<z.ZodMiniObject, unknown>['cloudFormation'];
  /** The properties in CloudFormation, of inputs that may miss a name. */
  template(inputs: Props): Props;
  problems(inputs: Props): readonly Problem[];
  create(inputs: Props): Promise<{ readonly id: string; readonly outputs: Props }>;
  read(id: string, state: Props): Promise<Props | null>;
  update(id: string, inputs: Props, changed: ReadonlySet<string>): Promise<Props>;
  delete(id: string, state: Props): Promise<void>;
}

/** The names of AWS's errors for a missing resource. */
const GONE = /NotFound|NoSuch|DoesNotExist|NonExistentQueue|NotAttached|^404$/;

export function defineType<S extends z.ZodMiniObject, P>(
  definition: Definition<S, P>,
): ResourceType {
  const { inputs: schema, update, gone } = definition;
  // A row without `properties` has P = unknown, and its calls do not use them.
  const propertiesOf = (inputs: z.output<S>) => definition.properties?.(inputs) as P;
  const create = async (given: Props) => {
    const inputs = schema.parse(given);
    const { id, ...outputs } = await definition.create(inputs, propertiesOf(inputs));
    return { id, outputs };
  };
  // A state holds inputs that `create` or `update` has checked.
  const asInputs = (state: Props) => state as z.output<S>;
  return {
    properties: Object.keys(schema.shape),
    autoname: definition.autoname ?? null,
    replaceOn: new Set(definition.replaceOn),
    secretOutputs: definition.secretOutputs ?? [],
    cloudFormation: definition.cloudFormation,
    template: (inputs) => propertiesOf(asInputs(inputs)) as Props,
    problems: (inputs) => problemsOf(schema, inputs),
    create,
    read: async (id, state) =>
      await nullIfGone(async () => await definition.read(id, asInputs(state)), gone),
    update: async (id, given, changed) => {
      if (update === undefined) {
        throw new Error(`the sandbox cannot change ${[...changed].join(', ')} in place`);
      }
      if (update === 'create') return (await create(given)).outputs;
      const inputs = schema.parse(given);
      const outputs: unknown = await update(id, inputs, propertiesOf(inputs), changed);
      return isProps(outputs) ? outputs : {};
    },
    delete: async (id, state) => {
      await nullIfGone(async () => await definition.delete?.(id, asInputs(state)), gone);
    },
  };
}

/** Names each unknown property by its path, and for each wrong value what was expected. */
function problemsOf(schema: z.ZodMiniType, inputs: unknown): readonly Problem[] {
  const result = schema.safeParse(inputs);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          property: [...path, key].join('.'),
          reason: 'is a property that the sandbox does not know',
        }))
      : [
          {
            property: path.join('.'),
            reason: `has a value that is not right: ${issue.message || issue.code}`,
          },
        ];
  });
}

/** A function that the program calls while it runs, such as `aws.ssm.getParameter`. */
export interface Invoke {
  problems(args: Props): readonly Problem[];
  answer(args: Props): Promise<Props>;
}

export function defineFunction<S extends z.ZodMiniObject>(
  args: S,
  answer: (args: z.output<S>) => Promise<Props>,
): Invoke {
  return {
    problems: (given) => problemsOf(args, given),
    answer: async (given) => await answer(args.parse(given)),
  };
}

export const text = z.optional(z.string());
export const count = z.optional(z.number());
export const flag = z.optional(z.boolean());
export const texts = z.optional(z.array(z.string()));
/** Kept in the state; the emulator has no use for tags. */
export const tags = z.optional(z.record(z.string(), z.string()));
/** A policy: an object, or JSON in a string. */
export const policy = z.union([z.string(), z.record(z.string(), z.unknown())]);

type Pascal<T> = T extends readonly (infer E)[]
  ? Pascal<E>[]
  : T extends object
    ? { [K in keyof T as Capitalize<K & string>]: Pascal<T[K]> }
    : T;

/** The value with every property in Pascal case, as AWS writes them. Do not give it names of the program's own. */
export function toPascalCase<T>(value: T): Pascal<T>;
export function toPascalCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => toPascalCase(each));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]: [string, unknown]) => [
    `${key.slice(0, 1).toUpperCase()}${key.slice(1)}`,
    toPascalCase(inner),
  ]);
  return Object.fromEntries(entries) as unknown;
}

/** A map of tags or dimensions as the list that AWS wants. */
export function toList<N extends string>(
  map: Readonly<Record<string, string>> | undefined,
  name: N,
): (Record<N, string> & { Value: string })[] {
  return Object.entries(map ?? {}).map(
    ([key, Value]) => ({ [name]: key, Value }) as Record<N, string> & { Value: string },
  );
}

/** The live values of a resource of which the emulator returns no property. */
export async function confirmFound(answer: Promise<unknown>): Promise<Props> {
  await answer;
  return {};
}

/** The answer, or null when the service reports that the resource is gone. */
export async function nullIfGone<T>(work: () => Promise<T>, gone?: string): Promise<T | null> {
  try {
    return await work();
  } catch (caught) {
    if (caught instanceof Error && (GONE.test(caught.name) || caught.name === gone)) return null;
    throw caught;
  }
}

/** A value that a service returns by its documentation, although its types allow it to be absent. */
export function expectValue<T>(value: T | undefined | null, name: string): T {
  if (value === undefined || value === null) throw new Error(`the emulator answered no ${name}`);
  return value;
}
