// What a row of the table of resource types says.
import * as z from 'zod/mini';
import type { Props } from '../values.ts';

interface Created {
  readonly id: string;
  /** Computed properties; the inputs are added to them. */
  readonly outputs?: Props;
}

interface Definition<S extends z.ZodMiniObject> {
  /** Every property that is modelled; another one stops the run, by its name. */
  readonly inputs: S;
  /** The property that gets the resource's name and seven hex digits where the program gives none. */
  readonly autoname?: 'name' | 'bucket' | 'namePrefix';
  /**
   * Properties whose change makes a new resource (`ForceNew` upstream; the row names the file); one inside another by
   * its path, with a dot.
   */
  readonly replaceOn: readonly string[];
  readonly secretOutputs?: readonly string[];
  create(inputs: z.output<S>): Promise<Created>;
  /** The live values of properties, as far as the emulator tells them; null when the resource is gone. */
  read(id: string, state: Props): Promise<Props | null>;
  /** Absent where no property can change in place. Answers the computed properties that changed. */
  update?(id: string, inputs: z.output<S>, changed: ReadonlySet<string>): Promise<Props>;
  /** Of a resource that is already gone, too. */
  delete(id: string, state: Props): Promise<void>;
}

export interface Problem {
  readonly property: string;
  readonly reason: string;
}

/** A row with its property types erased: each call checks what it is given. */
export interface ResourceType {
  readonly properties: readonly string[];
  readonly autoname: string | null;
  readonly replaceOn: ReadonlySet<string>;
  readonly secretOutputs: readonly string[];
  problems(inputs: Props): readonly Problem[];
  create(inputs: Props): Promise<Created>;
  read(id: string, state: Props): Promise<Props | null>;
  update(id: string, inputs: Props, changed: ReadonlySet<string>): Promise<Props>;
  delete(id: string, state: Props): Promise<void>;
}

export function resourceType<S extends z.ZodMiniObject>(row: Definition<S>): ResourceType {
  return {
    properties: Object.keys(row.inputs.shape),
    autoname: row.autoname ?? null,
    replaceOn: new Set(row.replaceOn),
    secretOutputs: row.secretOutputs ?? [],
    problems: (inputs) => problemsOf(row.inputs, inputs),
    create: async (inputs) => await row.create(row.inputs.parse(inputs)),
    read: async (id, state) => await row.read(id, state),
    update: async (id, inputs, changed) => {
      if (row.update === undefined) {
        throw new Error(`the sandbox cannot change ${[...changed].join(', ')} in place`);
      }
      return await row.update(id, row.inputs.parse(inputs), changed);
    },
    delete: async (id, state) => {
      await row.delete(id, state);
    },
  };
}

/** Each unknown property by its path, each wrong value by what was expected. */
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

/** A function that the program calls while it runs (`aws.ssm.getParameter` and its like). */
export interface Invoke {
  problems(args: Props): readonly Problem[];
  answer(args: Props): Promise<Props>;
}

export function invoke<S extends z.ZodMiniObject>(
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

/** The text of a state's property. @throws when it has none. */
export function textOf(state: Props, property: string): string {
  const value = state[property];
  if (typeof value !== 'string') throw new Error(`the state has no ${property}`);
  return value;
}

/** The answer, or null when the service says that there is no such thing. */
export async function unlessGone<T>(
  answer: Promise<T>,
  ...names: readonly string[]
): Promise<T | null> {
  try {
    return await answer;
  } catch (caught) {
    if (caught instanceof Error && names.includes(caught.name)) return null;
    throw caught;
  }
}

/** What a service must answer by its documentation, though its types say that it may not. */
export function given<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new Error(`the emulator answered no ${what}`);
  return value;
}
