// The table of checks, in the order in which one depends on another.
import { identityFinding, quotaFinding } from './account.ts';
import { appFinding, envFileFinding, modesFinding, pinFinding, redirectFinding } from './app.ts';
import { clockFinding } from './clock.ts';
import type { Check } from './finding.ts';
import { nodeFinding, pulumiFinding } from './machine.ts';
import { functionsFinding, messagesFinding } from './stack.ts';
import { calendarFinding, liveFinding, tokenFinding } from './token.ts';

export const CHECKS: readonly Check[] = [
  { name: 'Node', look: () => nodeFinding(process.versions.node) },
  { name: 'Pulumi', look: pulumiFinding },
  { name: 'AWS identity', look: identityFinding },
  { name: 'Lambda quota', look: quotaFinding },
  { name: '.env', look: envFileFinding },
  { name: 'File modes', look: modesFinding },
  { name: 'App', look: appFinding },
  { name: 'PIN', look: pinFinding },
  { name: 'Functions', look: functionsFinding },
  { name: 'Redirect URL', look: redirectFinding },
  { name: 'Messages', look: messagesFinding },
  { name: 'Calendar', look: calendarFinding },
  { name: 'Access token', look: tokenFinding },
  { name: 'Live book', look: liveFinding },
];

/** Of what the others have found on their way. */
export const LAST_CHECKS: readonly Check[] = [{ name: 'Clock', look: clockFinding }];
