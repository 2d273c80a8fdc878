// Reads and writes the keeper's parameters: app credentials, keys, and the states of refresh and login.
import {
  type AppId,
  type LinkKey,
  type Parsed,
  type PinKey,
  parseAppId,
  parseAppSecret,
  parseLinkKey,
  parseLoginUrl,
  parsePinKey,
} from '../core/config/values.ts';
import { FyersError } from '../core/errors.ts';
import { type ParameterName, REGION } from '../core/config/names.ts';
import type { App } from '../core/ports.ts';
import {
  type LoginState,
  NEW_LOGIN_STATE,
  formatLoginState,
  parseLoginState,
  NEW_STATE,
  type TokenState,
  formatTokenState,
  parseTokenState,
} from '../core/token/state.ts';
import type { AddressedLogin, KeeperPorts, KeeperSettings } from './ports.ts';

type ReadPorts = Pick<KeeperPorts, 'store'>;

/** @throws FyersError `operator.credentials` if the app is not in the store */
export async function readApp(ports: ReadPorts, settings: KeeperSettings): Promise<App> {
  const [id, secretText] = await Promise.all([
    readAppId(ports, settings),
    ports.store.read('FYERS_SECRET_KEY'),
  ]);
  const secret = parseAppSecret(secretText?.trim() ?? '');
  if (!secret.ok) throw missingAppError(settings, 'FYERS_SECRET_KEY', secretText, secret.problem);
  return { id, secret: secret.value };
}

/** @throws FyersError `operator.credentials` */
export async function readAppId({ store }: ReadPorts, settings: KeeperSettings): Promise<AppId> {
  const text = await store.read('FYERS_CLIENT_ID');
  const id = parseAppId(text?.trim() ?? '');
  if (!id.ok) throw missingAppError(settings, 'FYERS_CLIENT_ID', text, id.problem);
  return id.value;
}

/** @throws FyersError `operator.config` if the key, which the Pulumi program creates, is missing */
export function readLinkKey(ports: ReadPorts, settings: KeeperSettings): Promise<LinkKey> {
  return readGenerated(ports, settings, 'FYERS_LINK_KEY', parseLinkKey);
}

/** The key exists only if there is a PIN. @throws FyersError `operator.config` */
export function readPinKey(ports: ReadPorts, settings: KeeperSettings): Promise<PinKey> {
  return readGenerated(ports, settings, 'FYERS_PIN_KEY', parsePinKey);
}

/** Adds the login function's address, which must not come from a request. @throws FyersError `operator.config` */
export async function readLogin(
  ports: ReadPorts,
  settings: KeeperSettings,
): Promise<AddressedLogin> {
  const { login } = settings;
  const loginUrl =
    login.loginUrl ?? (await readGenerated(ports, settings, 'FYERS_LOGIN_URL', parseLoginUrl));
  return { ...login, loginUrl };
}

async function readGenerated<T>(
  { store }: ReadPorts,
  { names }: KeeperSettings,
  name: ParameterName,
  parse: (text: string) => Parsed<T>,
): Promise<T> {
  const text = await store.read(name);
  const parsed = parse(text?.trim() ?? '');
  if (parsed.ok) return parsed.value;
  throw new FyersError(
    'operator.config',
    `The parameter ${names.parameter(name)} ${text === null ? 'does not exist' : parsed.problem}.`,
    'Run `pulumi up --refresh` to create it.',
  );
}

function missingAppError(
  { names }: KeeperSettings,
  name: ParameterName,
  value: string | null,
  problem: string,
): FyersError {
  return new FyersError(
    'operator.credentials',
    `The parameter ${names.parameter(name)} ${value === null ? 'does not exist' : problem}.`,
    'Set clientId and secretKey by `pulumi config set --secret` and run `pulumi up`.',
  );
}

export interface Memory {
  /** Written by refresh only. */
  readonly state: TokenState;
  /** Written by login only. */
  readonly login: LoginState;
  /** The configured account, or else the first one seen. */
  readonly account: string | null;
}

/** @throws FyersError `platform.integrity` if a state cannot be read, `operator.account` if two accounts were seen */
export async function readMemory(
  { store }: ReadPorts,
  { names, fyId }: Pick<KeeperSettings, 'names' | 'fyId'>,
): Promise<Memory> {
  const [text, loginText] = await Promise.all([
    store.read('FYERS_TOKEN_STATE'),
    store.read('FYERS_LOGIN_STATE'),
  ]);
  const state = text === null ? NEW_STATE : parseTokenState(text);
  if (state === null) {
    throw unreadableStateError(
      names.parameter('FYERS_TOKEN_STATE'),
      'no valid token state, so earlier refusals of inputs are unknown',
      'if the refresh token and the PIN are right',
    );
  }
  const login = loginText === null ? NEW_LOGIN_STATE : parseLoginState(loginText);
  if (login === null) {
    throw unreadableStateError(
      names.parameter('FYERS_LOGIN_STATE'),
      'no valid login state, so the account is unknown',
      'and log in with the right account',
    );
  }
  const seenByLogin = login.fyId;
  if (fyId === null && state.fyId !== null && seenByLogin !== null && state.fyId !== seenByLogin) {
    throw new FyersError(
      'operator.account',
      `Tokens of two Fyers accounts were seen, ${state.fyId} and ${seenByLogin}.`,
      'Set yours with `pulumi config set fyId` and run `pulumi up`.',
      { isGeneral: true },
    );
  }
  return { state, login, account: fyId ?? state.fyId ?? seenByLogin };
}

function unreadableStateError(name: string, problem: string, when: string): FyersError {
  return new FyersError(
    'platform.integrity',
    `The parameter ${name} contains ${problem}.`,
    `Run \`aws ssm delete-parameter --name ${name} --region ${REGION}\` ${when}.`,
  );
}

export async function writeState({ store }: ReadPorts, state: TokenState): Promise<void> {
  await store.write('FYERS_TOKEN_STATE', formatTokenState(state));
}

export async function writeLoginState({ store }: ReadPorts, login: LoginState): Promise<void> {
  await store.write('FYERS_LOGIN_STATE', formatLoginState(login));
}
