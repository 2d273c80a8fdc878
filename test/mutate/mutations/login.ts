// Lists edits of the way from the day's link to a published token, and of the watch.
import type { Mutation } from '../tree.ts';

const PAGES = ['test/functions/login/router.test.ts'];
const LINKS = ['test/functions/login/links.test.ts'];
const ASK = ['test/functions/login/ask.test.ts'];
const MEMORY = ['test/functions/login/memory.test.ts'];
const WATCH = ['test/keeper/watch.test.ts'];

export const LOGIN: readonly Mutation[] = [
  {
    name: 'an unsigned state is accepted',
    file: 'core/token/login/link.ts',
    find: "if (!isSameSignature(signature, loginSignature(signer, 'state', text))) return { kind: 'forged' };",
    replace: '',
    tests: PAGES,
  },
  {
    name: 'a state lives for ever',
    file: 'core/token/login/link.ts',
    find: 'now < plus(issuedAt, STATE_TTL_MS)',
    replace: 'now >= 0',
    tests: PAGES,
  },
  {
    name: 'a link without a signature opens',
    file: 'core/token/login/link.ts',
    find: "return isSameSignature(signature, loginSignature(signer, 'link', day)) ? day : null;",
    replace: 'return day;',
    tests: LINKS,
  },
  {
    name: 'a link outlives its session',
    file: 'core/token/login/link.ts',
    find: 'if (now >= linkEndsAt(date, calendar))',
    replace: 'if (now > linkEndsAt(date, calendar))',
    tests: PAGES,
  },
  {
    name: 'a code is swapped while the stored token lives',
    file: 'keeper/callback.ts',
    find: 'if (live !== null) return { ...live, already: true };',
    replace: '',
    tests: PAGES,
  },
  {
    name: 'a state that has published is taken again',
    file: 'keeper/callback.ts',
    find: "if (isSpent(memory.login, state.day, state.nonce)) return refuseLogin(ports, 'used');",
    replace: '',
    tests: PAGES,
  },
  {
    name: "another app's code is sent with our secret",
    file: 'keeper/callback.ts',
    find: "if (isForeignCode(app, login.code)) return refuseLogin(ports, 'wrong-app');",
    replace: '',
    tests: PAGES,
  },
  {
    name: "a login publishes another account's token",
    file: 'keeper/callback.ts',
    find: "if (check === 'wrong-account') return refuseLogin(ports, 'wrong-account');",
    replace: "if (check === 'unreachable') return refuseLogin(ports, 'unreachable');",
    tests: PAGES,
  },
  {
    name: 'a login leaves its claim behind',
    file: 'keeper/callback.ts',
    find: 'await releaseClaim(login, claim);',
    replace: '',
    tests: PAGES,
  },
  {
    name: 'the login page sends a link at every press',
    file: 'keeper/login.ts',
    find: "if (now < at) return { kind: 'too-soon', at };",
    replace: '',
    tests: ASK,
  },
  {
    name: 'the public button reveals whether a token is live',
    file: 'keeper/login.ts',
    find: "if (asker === 'link' || (outcome.kind !== 'done' && outcome.kind !== 'sent')) return outcome;",
    replace: "if (asker === 'link' || outcome.kind !== 'sent') return outcome;",
    tests: ASK,
  },
  {
    name: 'the public button is faster if nothing has to be sent',
    file: 'keeper/login.ts',
    find: 'await ports.clock.sleepUntil(nextStep(startedAt, ports.clock.now()), signal);',
    replace: '',
    tests: ASK,
  },
  {
    name: 'a code that Fyers refused is sent again',
    file: 'keeper/callback.ts',
    find: 'ports.memory.keepRefusal(key, PROBLEM_OF[answer.by]);',
    replace: '',
    tests: MEMORY,
  },
  {
    name: 'a new token that could not be proven is lost',
    file: 'keeper/callback.ts',
    find: 'ports.memory.keepMinted(keyOf(login), minted);',
    replace: '',
    tests: PAGES,
  },
  {
    name: 'each open of the link is a call',
    file: 'keeper/login-memory.ts',
    find: 'if (known !== undefined && now < known.until) return known.proof;',
    replace: '',
    tests: MEMORY,
  },
  {
    name: 'a doubled field of the callback is taken',
    file: 'functions/login/router.ts',
    find: 'return values.length > 1 ? null :',
    replace: 'return values.length > 2 ? null :',
    tests: PAGES,
  },
  {
    name: 'a page runs scripts',
    file: 'functions/login/router.ts',
    find: "default-src 'none';",
    replace: "default-src 'self';",
    tests: ['test/functions/login/pages.test.ts'],
  },
  {
    name: 'the watch sends its link and lets the alarm sleep',
    file: 'keeper/watch.ts',
    find: `throw new FyersError(
    'operator.login',`,
    replace: `new FyersError(
    'operator.login',`,
    tests: WATCH,
  },
  {
    name: 'the watch sends nothing of its own',
    file: 'keeper/watch.ts',
    find: "await askForLogin(ports, settings, app, { reason, urgency: 'late' });",
    replace: '',
    tests: WATCH,
  },
  {
    name: 'the watch sends a link that Fyers will refuse',
    file: 'keeper/watch.ts',
    find: "=== 'app-secret'",
    replace: "=== 'pin'",
    tests: WATCH,
  },
  {
    name: 'the watch fails before the login is due',
    file: 'core/schedule.ts',
    find: 'slot >= LOGIN_DUE',
    replace: "slot >= '07:20'",
    tests: WATCH,
  },
];
