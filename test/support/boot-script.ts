// Extracts the files that the registered instance's user data writes.
import { type Graph, one } from './graph.ts';

export function userDataOf(graph: Graph): string {
  return String(one(graph, 'aws:ec2/instance:Instance', 'harvester').inputs['userData']);
}

/** Path and text of each, from the here-documents of the script. */
export function filesOf(script: string): Readonly<Record<string, string>> {
  const documents = script.matchAll(/^cat > (\S+) <<'(\w+)'\n([\s\S]*?)^\2$/gm);
  return Object.fromEntries([...documents].map(([, file = '', , text = '']) => [file, text]));
}
