// Lists edits of the rules by which a token is minted and published.
import { editsOf, type Mutation } from '../tree.ts';

const REFRESH = 'test/keeper/refresh.test.ts';
const DECIDE = 'test/core/token/decide.test.ts';

export const KEEPER: readonly Mutation[] = [
  ...editsOf('core/token/decide.ts', DECIDE, {
    'a minted token is published unproven': [
      "return { do: 'prove', what: 'minted' };",
      "return { do: 'publish' };",
    ],
    'a token of another account is published': [
      "return { do: 'fail', code: 'operator.account' };",
      "return { do: 'publish' };",
    ],
    'a token is minted while the stored one is unproven': [
      `return { do: 'rest', why: 'already-good' };
    case 'unreachable':
    case 'refused':
    case 'rate-limited':
    case 'not-fyers':
      return { do: 'fail', code: UNPROVEN[stored.proof] };`,
      "return { do: 'rest', why: 'already-good' };\n    case 'unreachable':\n      return null;",
    ],
    'a silent input is sent three times': ['MAX_CALLS = 2', 'MAX_CALLS = 3'],
    'a wrong app secret asks for a login': [
      "if (why === 'app-secret') return",
      "if (why === 'expired') return",
    ],
    'a closed day is a working day': [
      "trigger.kind === 'slot' && day === 'closed'",
      "trigger.kind === 'slot' && day === 'over'",
    ],
  }),
  ...editsOf('core/token/jwt.ts', REFRESH, {
    'a run treats an unproven token as the minted one': [
      "if (proof?.kind !== 'live') return proof?.kind ?? null;",
      "if (proof === null) return 'live';",
    ],
    'a token with a foreign expiry is published': [
      "if (claims === null || !isPlausible(claims, now)) return 'wrong-expiry';",
      "if (claims === null) return 'wrong-expiry';",
    ],
  }),
  ...editsOf('core/token/jwt.ts', 'test/cli/tokens.test.ts', {
    'a placeholder counts as a token': [
      "text === '' || text === PLACEHOLDER ? null : text",
      "text === '' ? null : text",
    ],
  }),
  ...editsOf('core/token/state.ts', REFRESH, {
    'the broker’s policy does not switch refresh off': [
      '{ ...answered, policyOff: true, probedOn: today }',
      'answered',
    ],
  }),
  ...editsOf('keeper/refresh.ts', REFRESH, {
    'a call is not counted before it is sent': [
      '...withCall(state, inputs.refresh, brokerDay(now)),',
      '...state,',
    ],
  }),
  ...editsOf('keeper/claim.ts', REFRESH, {
    'a fresh claim of another run is passed': ['> MAX_CLAIM_AGE_MS', '> 0'],
    'a claim that is held is taken again': [
      'if (takenAt === null || !isAbandoned(takenAt, clock.now())) return null;',
      'return { day, n };',
    ],
  }),
  ...editsOf('keeper/publish.ts', REFRESH, {
    'a run is failed by what comes after its publish': [
      'events.log(upkeepFailed(what, toError(caught).message));',
      'throw caught;',
    ],
  }),
  ...editsOf('core/token/digest.ts', 'test/core/token/state.test.ts', {
    'a fingerprint forgets the PIN': [
      "['refresh', app.id, app.secret, token, pin]",
      "['refresh', app.id, app.secret, token]",
    ],
  }),
  ...editsOf('core/time.ts', 'test/core/token/jwt.test.ts', {
    'a broker day begins at midnight': [
      'BROKER_DAY_START_MS = 6 * HOUR',
      'BROKER_DAY_START_MS = 0 * HOUR',
    ],
  }),
  ...editsOf('adapters/fyers/auth.ts', 'test/adapters/fyers/auth.test.ts', {
    'the SEBI refusal is not recognised': ['/SEBI|currently disabled/i', '/switched off/i'],
  }),
  ...editsOf('adapters/aws/parameters.ts', 'test/adapters/aws/keeper-stores.test.ts', {
    'a claim overwrites another one': ['Overwrite: false', 'Overwrite: true'],
    'a token parameter costs money': [
      "Type: 'SecureString',\n    Tier: 'Standard'",
      "Type: 'SecureString',\n    Tier: 'Advanced'",
    ],
  }),
  ...editsOf('functions/refresh/handler.ts', 'test/functions/refresh/handler.test.ts', {
    'a failure is a success to AWS': [
      "    throw thrownFailure(caught, log, 'refresh');",
      "    return { statusCode: 202, body: thrownFailure(caught, log, 'refresh').message };",
    ],
  }),
  ...editsOf('core/config/names.ts', 'test/functions/refresh/event.test.ts', {
    'the answer has lost its bytes': ['"✅ Token', '"Token'],
  }),
];
