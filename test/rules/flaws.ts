// Doctored copies of a graph, each with one flaw.
import { type Graph, type Registered, asRecord } from '../support/graph.ts';
import { type Address, address, list } from './rule.ts';

type Inputs = Registered['inputs'];

/** The graph with other inputs of one resource; an input of undefined is gone. @throws Error where there is no such one */
export function edited(at: Address, change: Inputs | ((inputs: Inputs) => Inputs)) {
  return (graph: Graph): Graph =>
    changed(graph, at, (resource) => {
      const inputs =
        typeof change === 'function' ? change(resource.inputs) : { ...resource.inputs, ...change };
      return [{ ...resource, inputs }];
    });
}

/** The graph with other options of one resource, or other marks on its values. */
export function altered(at: Address, change: Partial<Registered>) {
  return (graph: Graph): Graph => changed(graph, at, (resource) => [{ ...resource, ...change }]);
}

export function without(at: Address) {
  return (graph: Graph): Graph => changed(graph, at, () => []);
}

export function withAnother(type: string, inputs: Inputs = {}) {
  return (graph: Graph): Graph => ({
    ...graph,
    resources: [...graph.resources, { ...PLAIN, type, name: 'another', inputs }],
  });
}

/** A policy with one more statement. */
export function granting(at: Address, statement: Readonly<Record<string, unknown>>) {
  return edited(at, (inputs) => {
    const key = 'policy' in inputs ? 'policy' : 'assumeRolePolicy';
    const before = list(asRecord(inputs[key])['Statement']);
    return { ...inputs, [key]: { Statement: [...before, statement] } };
  });
}

const PLAIN: Omit<Registered, 'type' | 'name' | 'inputs'> = {
  secrets: [],
  ignoreChanges: [],
  retainOnDelete: false,
  deleteBeforeReplace: false,
  protect: false,
  dependsOn: [],
  parent: '',
  provider: '',
};

function changed(
  graph: Graph,
  at: Address,
  change: (resource: Registered) => readonly Registered[],
): Graph {
  if (!graph.resources.some((each) => address(each) === at)) throw new Error(`no ${at}`);
  return {
    ...graph,
    resources: graph.resources.flatMap((each) => (address(each) === at ? change(each) : [each])),
  };
}
