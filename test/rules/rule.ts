// Defines the type of a rule and the helpers that read the registered graph.
import { type Graph, type Registered, allOf, asRecord } from '../support/graph.ts';

/** `<type>::<name>` of a resource. */
export type Address = string;

export interface Rule {
  /** CT.… is a proactive control of AWS Control Tower; FY.… is our own rule. */
  readonly id: string;
  readonly requirement: string;
  /** Finds the resources that break the rule. */
  readonly findViolations: (graph: Graph) => readonly Address[];
  /** Changes of a sound graph; each makes exactly one more resource break the rule. */
  readonly flaws: Readonly<Record<string, (graph: Graph) => Graph>>;
}

export function address({ type, name }: Registered): Address {
  return `${type}::${name}`;
}

/** Finds the resources of a type that fail the condition. */
export function unless(
  type: string,
  isSound: (inputs: Registered['inputs'], graph: Graph) => boolean,
): Rule['findViolations'] {
  return (graph) =>
    allOf(graph, type)
      .filter(({ inputs }) => !isSound(inputs, graph))
      .map(address);
}

/** Reads the value at a path such as `target.deadLetterConfig.arn`; undefined if the path has no value. */
export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => asRecord(inner)[key], value);
}

export function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

export function texts(value: unknown): readonly string[] {
  return list(value).map(String);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

export interface Statement {
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition: unknown;
  /** The complete statement, with NotAction, NotResource and Principal. */
  readonly whole: Readonly<Record<string, unknown>>;
}

/** Parses a policy that is an object or JSON. */
export function statements(policy: unknown): readonly Statement[] {
  const document: unknown = typeof policy === 'string' ? JSON.parse(policy) : policy;
  return list(at(document, 'Statement')).map((each) => {
    const whole = asRecord(each);
    return {
      effect: String(whole['Effect']),
      actions: texts(whole['Action']),
      resources: texts(whole['Resource']),
      condition: whole['Condition'],
      whole,
    };
  });
}
