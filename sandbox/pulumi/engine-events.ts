// Reads the events of the engine (`--json`: one event a line), and with them the result of a run.
import * as z from 'zod/mini';
import { FyersError } from '../../core/errors.ts';
import type { Finished } from './process.ts';

export interface Outcome {
  /** Per resource that the engine did something to: its operation, type and logical name. */
  readonly steps: readonly Step[];
  /** Number of resources per operation, as the CLI sums up; `same` is unchanged. */
  readonly changes: Readonly<Record<string, number>>;
  /** The program's notices and warnings. */
  readonly notes: readonly string[];
}

interface Step {
  readonly op: string;
  readonly type: string;
  readonly name: string;
}

const event = z.object({
  resourcePreEvent: z.optional(
    z.object({ metadata: z.object({ op: z.string(), urn: z.string(), type: z.string() }) }),
  ),
  diagnosticEvent: z.optional(
    z.object({ urn: z.optional(z.string()), message: z.string(), severity: z.string() }),
  ),
  summaryEvent: z.optional(
    z.object({ resourceChanges: z.optional(z.record(z.string(), z.number())) }),
  ),
});
type Event = z.output<typeof event>;

const UNTOUCHED = new Set(['same', 'refresh', 'read']);

/** @throws FyersError with the first thing that went wrong: in a resource, else in the program itself. */
export function outcomeOf(command: string, finished: Finished): Outcome {
  const events = eventsOf(finished.stdout);
  if (finished.code !== 0) throw failureOf(command, finished, events);
  return {
    steps: events.flatMap(({ resourcePreEvent: step }) =>
      step === undefined || UNTOUCHED.has(step.metadata.op) ? [] : [stepOf(step.metadata)],
    ),
    changes: events.findLast((one) => one.summaryEvent)?.summaryEvent?.resourceChanges ?? {},
    notes: events.flatMap(({ diagnosticEvent: one }) =>
      one === undefined || one.severity === 'debug' ? [] : [one.message.trim()],
    ),
  };
}

function eventsOf(stdout: string): readonly Event[] {
  return stdout.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    const parsed = event.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  });
}

function stepOf(metadata: { op: string; urn: string; type: string }): Step {
  const name = metadata.urn.split('::').slice(3).join('::');
  return { op: metadata.op, type: metadata.type, name };
}

function failureOf(command: string, finished: Finished, events: readonly Event[]): FyersError {
  const errors = events.flatMap(({ diagnosticEvent: one }) =>
    one?.severity === 'error' ? [one] : [],
  );
  const ofResource = errors.find(
    ({ urn }) => urn !== undefined && urn !== '' && !urn.includes('::pulumi:pulumi:Stack::'),
  );
  if (ofResource !== undefined) {
    return resourceFailure(
      `${ofResource.urn?.split('::').slice(2).join(' ') ?? ''}: ${ofResource.message.trim()}`,
    );
  }
  const [ofProgram] = errors;
  if (ofProgram !== undefined) return programFailure(ofProgram.message);
  return new FyersError(
    'bug.unexpected',
    `pulumi ${command} ended with code ${String(finished.code)}: ${finished.stderr.trim()}`,
    'Report this message.',
  );
}

export function resourceFailure(message: string): FyersError {
  return new FyersError(
    /AccessDenied|UnauthorizedOperation|AuthorizationError/.test(message)
      ? 'platform.permission'
      : 'platform.store',
    `Provisioning failed: ${message}`,
    'Correct the program in infra/, or the table in sandbox/pulumi/resources/ where that is what is wrong.',
  );
}

/** The program throws one RunError with all that is wrong with its configuration. */
export function programFailure(message: string): FyersError {
  return new FyersError(
    'operator.config',
    message.trim(),
    'Nothing was provisioned: correct this and run the command again.',
  );
}
