// Lists edits of the way from the day's link to a published token, and of the watch.
import { editsOf, type Mutation } from '../tree.ts';

const PAGES = 'test/functions/login/router.test.ts';
const LINKS = 'test/functions/login/links.test.ts';
const ASK = 'test/functions/login/ask.test.ts';
const MEMORY = 'test/functions/login/memory.test.ts';
const WATCH = 'test/keeper/watch.test.ts';

export const LOGIN: readonly Mutation[] = [
  ...editsOf('core/token/login/link.ts', PAGES, {
    'an unsigned state is accepted': [
      "if (!isSameSignature(signature, loginSignature(signer, 'state', text))) return { kind: 'forged' };",
    ],
    'a state lives for ever': ['now < plus(issuedAt, STATE_TTL_MS)', 'now >= 0'],
    'a link outlives its session': [
      'if (now >= linkEndsAt(date, calendar))',
      'if (now > linkEndsAt(date, calendar))',
    ],
  }),
  ...editsOf('core/token/login/link.ts', LINKS, {
    'a link without a signature opens': [
      "return isSameSignature(signature, loginSignature(signer, 'link', day)) ? day : null;",
      'return day;',
    ],
  }),
  ...editsOf('keeper/callback.ts', PAGES, {
    'a code is swapped while the stored token lives': [
      'if (live !== null) return { ...live, already: true };',
    ],
    'a state that has published is taken again': [
      "if (isSpent(memory.login, state.day, state.nonce)) return refuseLogin(ports, 'used');",
    ],
    "another app's code is sent with our secret": [
      "if (isForeignCode(app, login.code)) return refuseLogin(ports, 'wrong-app');",
    ],
    "a login publishes another account's token": [
      "if (check === 'wrong-account') return refuseLogin(ports, 'wrong-account');",
      "if (check === 'unreachable') return refuseLogin(ports, 'unreachable');",
    ],
    'a login leaves its claim behind': ['await releaseClaim(login, claim);'],
    'a new token that could not be proven is lost': [
      'ports.memory.keepMinted(keyOf(login), minted);',
    ],
  }),
  ...editsOf('keeper/login.ts', ASK, {
    'the login page sends a link at every press': [
      "if (now < at) return { kind: 'too-soon', at };",
    ],
    'the public button reveals whether a token is live': [
      "if (asker === 'link' || (outcome.kind !== 'done' && outcome.kind !== 'sent')) return outcome;",
      "if (asker === 'link' || outcome.kind !== 'sent') return outcome;",
    ],
    'the public button is faster if nothing has to be sent': [
      'await ports.clock.sleepUntil(nextStep(startedAt, ports.clock.now()), signal);',
    ],
  }),
  ...editsOf('keeper/callback.ts', MEMORY, {
    'a code that Fyers refused is sent again': [
      'ports.memory.keepRefusal(key, PROBLEM_OF[answer.by]);',
    ],
  }),
  ...editsOf('keeper/login-memory.ts', MEMORY, {
    'each open of the link is a call': [
      'if (known !== undefined && now < known.until) return known.proof;',
    ],
  }),
  ...editsOf('functions/login/router.ts', PAGES, {
    'a doubled field of the callback is taken': [
      'return values.length > 1 ? null :',
      'return values.length > 2 ? null :',
    ],
  }),
  ...editsOf('functions/login/router.ts', 'test/functions/login/pages.test.ts', {
    'a page runs scripts': ["default-src 'none';", "default-src 'self';"],
  }),
  ...editsOf('keeper/watch.ts', WATCH, {
    'the watch sends its link and lets the alarm sleep': [
      "throw new FyersError(\n    'operator.login',",
      "new FyersError(\n    'operator.login',",
    ],
    'the watch sends nothing of its own': [
      "await askForLogin(ports, settings, app, { reason, urgency: 'late' });",
    ],
    'the watch sends a link that Fyers will refuse': ["=== 'app-secret'", "=== 'pin'"],
  }),
  ...editsOf('core/schedule.ts', WATCH, {
    'the watch fails before the login is due': ['slot >= LOGIN_DUE', "slot >= '07:20'"],
  }),
];
