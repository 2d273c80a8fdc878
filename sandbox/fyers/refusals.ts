// Lists every refusal of the simulator: HTTP status, code, message, and their source. "Documented" means the
// documentation of API v3, "seen" a public report of the live API; a guess is ours, because there is no published
// source.
import { failure, type SimulatedResponse } from './state.ts';

const REFUSALS = {
  /** Documented as "token is expired"; the words were seen on the profile. */
  tokenExpired: [401, -8, 'Your token has expired. Please generate a token'],
  /** Documented; seen in the outputs of Fyers' own Go SDK: the answer of all of `/data` to a bad token. */
  dataTokenRefused: [401, -15, 'Please provide valid token'],
  /**
   * Seen in Fyers' community: the answer of `/api/v3` to a bad token. -16 has two more meanings, which differ in the
   * message.
   */
  tokenRefused: [401, -16, 'Could not authenticate the user'],
  /** Seen in the outputs of the Go SDK: a logout with a bad token. */
  logoutRefused: [401, -16, 'Token is Invalid or Expired'],
  /** Seen by many since 1 April 2026, for every request. */
  refreshSwitchedOff: [
    400,
    -16,
    'Refresh token API is currently disabled to comply with SEBI regulations.',
  ],
  /** The code is documented. That a logged-out token gets it within its life is a guess. */
  tokenRevoked: [401, -17, 'Token is invalid or expired'],
  /** Documented; the message was seen for a history of too many days. */
  invalidInput: [400, -50, 'Invalid input'],
  /** The code is documented for other errors; here the path does not exist. */
  notFound: [404, -99, 'Not found'],
  /** A guess throughout: there is no source for the answer to a locked account. */
  accountLocked: [403, -99, 'Your account is locked. Please contact support to unlock it.'],
  /** A guess throughout: the answer when a person cancels at the login page. */
  loginCancelled: [400, -99, 'Login was cancelled by the user'],
  /** Documented. */
  unknownSymbol: [400, -300, 'Please provide a valid symbol'],
  /** Documented. */
  unknownApp: [400, -352, 'invalid app id'],
  /** From Fyers' sample collection and a report to its maintainers: the hash was made with another id or secret. */
  wrongAppHash: [400, -371, 'Please provide sha256 hash of appId and app secret'],
  /** From Fyers' sample collection: authenticated, but the app does not have this permission. */
  notPermitted: [403, -373, 'No permission for the app'],
  /** Documented that an individual app works only for its own account; code and message are a guess. */
  notTheAppsAccount: [403, -373, 'This app is not permitted for your account'],
  /** From Fyers' sample collection. */
  noAuthCode: [400, -374, 'Please provide authorization code.'],
  /** Seen in the outputs of the Go SDK: already used, expired, of another app, or never issued. */
  authCodeRefused: [400, -437, 'invalid auth code'],
  /** Seen in a report to the maintainers of Fyers' samples. */
  wrongGrantType: [400, -441, 'invalid grant type'],
  /** Seen in the outputs of the Go SDK. */
  refreshTokenRefused: [400, -501, 'Please provide valid refresh token'],
  /** One public report; another has this message under -501. */
  wrongPin: [400, -502, 'invalid pin'],
} as const satisfies Readonly<Record<string, readonly [number, number, string]>>;

type RefusalName = keyof typeof REFUSALS;

export function refusal(name: RefusalName): SimulatedResponse {
  const [status, code, message] = REFUSALS[name];
  return failure(status, code, message);
}

/** Fields without the HTTP status, for a redirect back to the app. */
export function refusalFields(name: RefusalName): Readonly<Record<string, string>> {
  const [, code, message] = REFUSALS[name];
  return { s: 'error', code: String(code), message };
}
