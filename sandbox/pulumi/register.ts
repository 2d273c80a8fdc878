// Records the inputs that the program registered, because the emulator does not return all of them, such as user data. The
// record is a file in the run's folder, because the provider is another process.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { toError } from '../../core/errors.ts';
import { droppedSoFar } from './resources/conditions.ts';
import { masked, type Props } from './values.ts';

const FILE = 'registered.json';

const registeredFile = z.object({
  resources: z.array(
    z.object({
      urn: z.string(),
      type: z.string(),
      name: z.string(),
      id: z.string(),
      inputs: z.record(z.string(), z.unknown()),
    }),
  ),
  droppedConditions: z.array(z.string()),
  failures: z.array(z.object({ resource: z.string(), message: z.string() })),
});

/** Inputs are masked where the program marked them as secret. */
export type Registered = z.output<typeof registeredFile>;

export interface Register {
  made(urn: string, id: string, inputs: Props): void;
  gone(urn: string, id: string): void;
  failed(urn: string, caught: unknown): void;
  save(): void;
}

export function registerIn(dir: string): Register {
  const resources = new Map<string, Registered['resources'][number]>();
  const failures: Registered['failures'] = [];
  for (const resource of registeredIn(dir).resources) resources.set(resource.urn, resource);
  const save = (): void => {
    const file = path.join(dir, FILE);
    const content: Registered = {
      resources: [...resources.values()],
      droppedConditions: [...droppedSoFar()],
      failures,
    };
    // In one step, so that a reader never meets half a file.
    writeFileSync(`${file}.new`, JSON.stringify(content, null, 2), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  return {
    made: (urn, id, inputs) => {
      const [, , types = '', ...name] = urn.split('::');
      const type = types.split('$').at(-1) ?? '';
      const props: Record<string, unknown> = {};
      for (const [key, value] of Object.entries(inputs)) props[key] = masked(value);
      resources.set(urn, { urn, type, name: name.join('::'), id, inputs: props });
      save();
    },
    gone: (urn, id) => {
      // After a replacement the urn already names the new resource.
      if (resources.get(urn)?.id === id) resources.delete(urn);
      save();
    },
    failed: (urn, caught) => {
      failures.push({ resource: urn.split('::').slice(2).join(' '), message: problemOf(caught) });
    },
    save,
  };
}

/** What the runs in `dir` registered so far; empty before the first. */
export function registeredIn(dir: string): Registered {
  let content: string;
  try {
    content = readFileSync(path.join(dir, FILE), 'utf8');
  } catch {
    return { resources: [], droppedConditions: [], failures: [] };
  }
  return registeredFile.parse(JSON.parse(content));
}

/** With the name that AWS gives its errors, which explains more than their text. */
export function problemOf(caught: unknown): string {
  const { name, message } = toError(caught);
  return name === 'Error' ? message : `${name}: ${message}`;
}
