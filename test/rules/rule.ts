// What a rule is, and what rules need to read the registered graph.
import { type Graph, type Registered, allOf, asRecord } from '../support/graph.ts';

/** `<type>::<name>` of a resource. */
export type Address = string;

export interface Rule {
  /** CT.… as AWS Control Tower's proactive controls are named, FY.… of our own. */
  readonly id: string;
  readonly asks: string;
  /** Who breaks it. */
  readonly breakers: (graph: Graph) => readonly Address[];
  /** Changes of a sound graph, each of which makes one more resource break the rule. */
  readonly flaws: Readonly<Record<string, (graph: Graph) => Graph>>;
}

export function address({ type, name }: Registered): Address {
  return `${type}::${name}`;
}

/** The resources of a type that are not as they should be. */
export function unless(
  type: string,
  isSound: (inputs: Registered['inputs'], graph: Graph) => boolean,
): Rule['breakers'] {
  return (graph) =>
    allOf(graph, type)
      .filter(({ inputs }) => !isSound(inputs, graph))
      .map(address);
}

/** What stands at a path such as `target.deadLetterConfig.arn`; undefined where nothing does. */
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
  /** With NotAction, NotResource and Principal, which most rules do not read. */
  readonly whole: Readonly<Record<string, unknown>>;
}

/** Of a policy as an object or as JSON. */
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
