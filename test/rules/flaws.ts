// Creates copies of a graph with one flaw each.
import { type Graph, type Registered, asRecord } from '../support/graph.ts';
import { type Address, address, list } from './rule.ts';

type Inputs = Registered['inputs'];

/**
 * Replaces inputs of one resource; an undefined input is removed. @throws Error if the resource
 * does not exist
 */
export function editInputs(at: Address, change: Inputs | ((inputs: Inputs) => Inputs)) {
  return (graph: Graph): Graph =>
    replaceResource(graph, at, (resource) => {
      const inputs =
        typeof change === 'function' ? change(resource.inputs) : { ...resource.inputs, ...change };
      return [{ ...resource, inputs }];
    });
}

/** Replaces options of one resource, such as the secret marks of its inputs. */
export function editOptions(at: Address, change: Partial<Registered>) {
  return (graph: Graph): Graph =>
    replaceResource(graph, at, (resource) => [{ ...resource, ...change }]);
}

export function removeResource(at: Address) {
  return (graph: Graph): Graph => replaceResource(graph, at, () => []);
}

export function addResource(type: string, inputs: Inputs = {}) {
  return (graph: Graph): Graph => ({
    ...graph,
    resources: [...graph.resources, { ...PLAIN, type, name: 'another', inputs }],
  });
}

/** Adds a statement to a policy. */
export function addStatement(at: Address, statement: Readonly<Record<string, unknown>>) {
  return editInputs(at, (inputs) => {
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

function replaceResource(
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
