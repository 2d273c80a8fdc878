// Reports a run that failed, in one form for all functions: a log line, and an error for AWS.
import type { FyersError } from '../core/errors.ts';
import type { FunctionActor } from '../core/names.ts';
import { runFailed } from '../core/token/events.ts';
import type { Log } from '../adapters/process/log.ts';
import { failureOf } from './wiring.ts';

/** Logs the failure. Its message has been scrubbed. */
export function reportFailure(caught: unknown, log: Log, actor: FunctionActor): FyersError {
  const failure = failureOf(caught, log, actor);
  failure.message = log.scrub(failure.message);
  log.emit(runFailed(failure.code, failure.message));
  return failure;
}

/** Lambda passes on the message and nothing else, so the code stands before it. */
export function thrownFailure(caught: unknown, log: Log, actor: FunctionActor): FyersError {
  const failure = reportFailure(caught, log, actor);
  failure.message = `${failure.code}: ${failure.message}`;
  return failure;
}
