// Lists edits of the rules by which a token is minted and published.
import type { Mutation } from '../tree.ts';

const REFRESH = ['test/keeper/refresh.test.ts'];
const DECIDE = ['test/core/token/decide.test.ts'];

export const KEEPER: readonly Mutation[] = [
  {
    name: 'a minted token is published unproven',
    file: 'core/token/decide.ts',
    find: "return { do: 'prove', what: 'minted' };",
    replace: "return { do: 'publish' };",
    tests: DECIDE,
  },
  {
    name: 'a token of another account is published',
    file: 'core/token/decide.ts',
    find: "return { do: 'fail', code: 'operator.account' };",
    replace: "return { do: 'publish' };",
    tests: DECIDE,
  },
  {
    name: 'a token is minted while the stored one is unproven',
    file: 'core/token/decide.ts',
    find: `return { do: 'rest', why: 'already-good' };
    case 'unreachable':
    case 'refused':
    case 'rate-limited':
    case 'not-fyers':
      return { do: 'fail', code: UNPROVEN[stored.proof] };`,
    replace: `return { do: 'rest', why: 'already-good' };
    case 'unreachable':
      return null;`,
    tests: DECIDE,
  },
  {
    name: 'a silent input is sent three times',
    file: 'core/token/decide.ts',
    find: 'MAX_CALLS = 2',
    replace: 'MAX_CALLS = 3',
    tests: DECIDE,
  },
  {
    name: 'a wrong app secret asks for a login',
    file: 'core/token/decide.ts',
    find: "if (why === 'app-secret') return",
    replace: "if (why === 'expired') return",
    tests: DECIDE,
  },
  {
    name: 'a closed day is a working day',
    file: 'core/token/decide.ts',
    find: "trigger.kind === 'slot' && day === 'closed'",
    replace: "trigger.kind === 'slot' && day === 'over'",
    tests: DECIDE,
  },
  {
    name: 'a run treats an unproven token as the minted one',
    file: 'core/token/jwt.ts',
    find: "if (proof?.kind !== 'live') return proof?.kind ?? null;",
    replace: "if (proof === null) return 'live';",
    tests: REFRESH,
  },
  {
    name: 'a token with a foreign expiry is published',
    file: 'core/token/jwt.ts',
    find: "if (claims === null || !isPlausible(claims, now)) return 'wrong-expiry';",
    replace: "if (claims === null) return 'wrong-expiry';",
    tests: REFRESH,
  },
  {
    name: 'a placeholder counts as a token',
    file: 'core/token/jwt.ts',
    find: "text === '' || text === PLACEHOLDER ? null : text",
    replace: "text === '' ? null : text",
    tests: ['test/cli/tokens.test.ts'],
  },
  {
    name: 'the broker’s policy does not switch refresh off',
    file: 'core/token/state.ts',
    find: '{ ...answered, policyOff: true, probedOn: today }',
    replace: 'answered',
    tests: REFRESH,
  },
  {
    name: 'a call is not counted before it is sent',
    file: 'keeper/refresh.ts',
    find: '...withCall(state, inputs.refresh, brokerDay(now)),',
    replace: '...state,',
    tests: REFRESH,
  },
  {
    name: 'a fresh claim of another run is passed',
    file: 'keeper/claim.ts',
    find: '> MAX_CLAIM_AGE_MS',
    replace: '> 0',
    tests: REFRESH,
  },
  {
    name: 'a claim that is held is taken again',
    file: 'keeper/claim.ts',
    find: 'if (takenAt === null || !isAbandoned(takenAt, clock.now())) return null;',
    replace: 'return { day, n };',
    tests: REFRESH,
  },
  {
    name: 'a run is failed by what comes after its publish',
    file: 'keeper/publish.ts',
    find: 'events.log(upkeepFailed(what, toError(caught).message));',
    replace: 'throw caught;',
    tests: REFRESH,
  },
  {
    name: 'a fingerprint forgets the PIN',
    file: 'core/token/digest.ts',
    find: "['refresh', app.id, app.secret, token, pin]",
    replace: "['refresh', app.id, app.secret, token]",
    tests: ['test/core/token/state.test.ts'],
  },
  {
    name: 'a broker day begins at midnight',
    file: 'core/time.ts',
    find: 'BROKER_DAY_START_MS = 6 * HOUR',
    replace: 'BROKER_DAY_START_MS = 0 * HOUR',
    tests: ['test/core/token/jwt.test.ts'],
  },
  {
    name: 'the SEBI refusal is not recognised',
    file: 'adapters/fyers/auth.ts',
    find: '/SEBI|currently disabled/i',
    replace: '/switched off/i',
    tests: ['test/adapters/fyers/auth.test.ts'],
  },
  {
    name: 'a claim overwrites another one',
    file: 'adapters/aws/parameters.ts',
    find: 'Overwrite: false',
    replace: 'Overwrite: true',
    tests: ['test/adapters/aws/keeper-stores.test.ts'],
  },
  {
    name: 'a token parameter costs money',
    file: 'adapters/aws/parameters.ts',
    find: "Type: 'SecureString',\n    Tier: 'Standard'",
    replace: "Type: 'SecureString',\n    Tier: 'Advanced'",
    tests: ['test/adapters/aws/keeper-stores.test.ts'],
  },
  {
    name: 'a failure is a success to AWS',
    file: 'functions/refresh/handler.ts',
    find: "    throw thrownFailure(caught, log, 'refresh');",
    replace: "    return { statusCode: 202, body: thrownFailure(caught, log, 'refresh').message };",
    tests: ['test/functions/refresh/handler.test.ts'],
  },
  {
    name: 'the answer has lost its bytes',
    file: 'core/config/names.ts',
    find: '"✅ Token',
    replace: '"Token',
    tests: ['test/functions/refresh/event.test.ts'],
  },
];
