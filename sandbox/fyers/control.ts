// Lets other processes read and change the running simulator: JSON over HTTP on a separate port.
import { isLocked, register, unlock, type AppChanges } from './accounts.ts';
import type { SimulatedResponse, SimulatorState } from './state.ts';

interface Controlled {
  readonly state: SimulatorState;
  readonly setClock: (now: number, flows: boolean) => void;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * `GET /ledger`, `/requests` and `/accounts` (wrong PINs and lock), `POST /clock {"now": epoch ms, "flows"?: boolean}`,
 * `/refresh {"refresh": "accepted" | "refused"}`, `/down {"down": boolean}`, `/unlock {"account"}`,
 * `/register {"appId", "redirectUri"?, "secret"?, "pin"?}`.
 */
export function control(controlled: Controlled, route: string, body: string): SimulatedResponse {
  const { state } = controlled;
  switch (route) {
    case 'GET /ledger':
      return answer(200, Object.fromEntries(state.ledger));
    case 'GET /requests':
      return answer(200, state.requests);
    case 'GET /accounts':
      return answer(200, describeAccounts(state));
  }
  const problem = applyChange(controlled, route, parseObject(body));
  if (problem === null) return answer(404, { problem: 'no such control' });
  return problem === '' ? answer(200, {}) : answer(400, { problem });
}

/** Returns a problem, an empty text on success, or null for an unknown route. */
function applyChange(
  { state, setClock }: Controlled,
  route: string,
  fields: Fields,
): string | null {
  const { now, flows, refresh, down, account } = fields;
  switch (route) {
    case 'POST /clock':
      if (typeof now !== 'number') return 'now is not a number';
      setClock(now, flows === true);
      return '';
    case 'POST /refresh':
      if (refresh !== 'accepted' && refresh !== 'refused') {
        return 'refresh is neither accepted nor refused';
      }
      state.refresh = refresh;
      return '';
    case 'POST /down':
      if (typeof down !== 'boolean') return 'down is neither true nor false';
      state.isDown = down;
      return '';
    case 'POST /unlock':
      if (typeof account !== 'string' || !state.pins.has(account)) return 'no such account';
      unlock(state, account);
      return '';
    case 'POST /register':
      return applyRegistration(state, fields);
    default:
      return null;
  }
}

function applyRegistration(state: SimulatorState, { appId, ...fields }: Fields): string {
  const given = ['redirectUri', 'secret', 'pin'].flatMap((name) => {
    const value = fields[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  if (given.length === 0) return 'nothing to register';
  const changes: AppChanges = Object.fromEntries(given);
  const { redirectUri } = changes;
  if (redirectUri !== undefined && !URL.canParse(redirectUri)) return 'redirectUri is not a URL';
  return typeof appId === 'string' && register(state, appId, changes) ? '' : 'no such app';
}

function describeAccounts(state: SimulatorState): object {
  const all = [...state.pins.keys()].map((fyId) => {
    const wrongPins = state.wrongPins.get(fyId) ?? 0;
    return [fyId, { wrongPins, isLocked: isLocked(state, fyId) }] as const;
  });
  return Object.fromEntries(all);
}

function answer(status: number, body: unknown): SimulatedResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function parseObject(body: string): Fields {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
