// Lists every parser of a text from outside, with the place of a stranger's text in it.
import { crc32 } from 'node:zlib';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { createLog } from '../../adapters/process/log.ts';
import { lineParser } from '../../adapters/recordings/day-archive.ts';
import { parseKeys } from '../../core/config/keys.ts';
import * as program from '../../core/config/program-values.ts';
import * as config from '../../core/config/values.ts';
import { COLUMNS, parseCell, parseCells, parseCsvLine } from '../../core/recording/columns.ts';
import { referenceCsvDate, readReferenceCsvCells } from '../../core/recording/csv-files.ts';
import { parseEventLine } from '../../core/recording/day-events.ts';
import { readDepthAnswer } from '../../adapters/fyers/depth-answer.ts';
import { parseManifest, parseUploadState } from '../../core/recording/manifest.ts';
import { parseAlias, masterRowOf } from '../../core/market/symbol-master.ts';
import { parseOverridesText } from '../../core/market/calendar-data.ts';
import { indicesIn } from '../../core/config/groups.ts';
import { parseIndexList } from '../../adapters/operator/index-lists.ts';
import { parseFeed } from '../../core/config/stream-limits.ts';
import { parseFieldMap, decodeHsmLogin } from '../../core/stream/hsm-fields.ts';
import { decodeHsmAnswer, decodeHsmData } from '../../core/stream/hsm-frame.ts';
import { frameLogHeader, parseMark, readFrameLog } from '../../core/stream/frame-log.ts';
import { decodeTbtFrame } from '../../core/stream/tbt-frame.ts';
import { csvCells, hideTokens, parseJson } from '../../core/text.ts';
import { istDate, parseHttpDate, parseInstant, parseIstDate, timeOfDay } from '../../core/time.ts';
import { chooseAccessToken, chooseRefreshToken } from '../../core/token/adopt.ts';
import { decodeToken, tokenIn } from '../../core/token/jwt.ts';
import {
  claimedDay,
  dayOfLink,
  isLinkShaped,
  isStateShaped,
  readState,
  recogniseLink,
} from '../../core/token/login/link.ts';
import { parseLoginState, parseTokenState } from '../../core/token/state.ts';
import { parseProbeRefresh } from '../../core/token/decide.ts';
import { outsideReadIn } from '../../core/token/outside-read.ts';
import { parseRedirect, wordsOf } from '../../core/token/login/redirect.ts';
import { loginRequest } from '../../functions/login/router.ts';
import { parseEvent } from '../../functions/refresh/handler.ts';
import { parseLevels } from '../../cli/commands/inspect.ts';
import { eventIn } from '../../cli/commands/logs.ts';
import { parseSettings } from '../../harvester/settings.ts';
import { APP, SEVEN, SIGNER } from './keeper-fixture.ts';
import { requestOf, stateAt } from './logins.ts';

const MOMENT = { receivedAt: SEVEN, session: null };

export interface TextParser {
  /** The name of the function, then where the text stands. */
  readonly name: string;
  readonly parse: (text: string) => unknown;
  readonly frame?: (filling: string) => string;
}

/** Named like a parser, and given no text of any length. */
export const PARSES_NO_TEXT: Readonly<Record<string, string>> = {
  parseOrThrow: 'a value and its parser',
  parseSettingOrThrow: 'a setting and its parser',
  parseOverrides: 'a value that parseOverridesText has read',
};

const view = { account: null, now: SEVEN };
const log = createLog({ clock: { now: () => SEVEN }, write: () => undefined });
log.hide('CANARYSECRETVALUE');
const parseLine = lineParser();
const STAMP = '2026-11-25T09:00:00.000+05:30';

/** Frames have at most 64 KiB, as their length has two bytes. */
function hsmFrame(type: number, text: string): Uint8Array {
  const body = Buffer.from(text).subarray(0, 0xffff - 1);
  const frame = Buffer.concat([Buffer.from([0, 0, type]), body]);
  frame.writeUInt16BE(frame.length - 2);
  return frame;
}

/** One batch with a correct checksum, whose records are the text. */
function frameLogOf(text: string): Uint8Array {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(12);
  head.writeUInt32LE(payload.length);
  head.writeUInt32LE(1, 4);
  head.writeUInt32LE(crc32(payload, crc32(head.subarray(0, 8))), 8);
  return Buffer.concat([frameLogHeader(), head, payload]);
}

function request(path: string, query: string): unknown {
  const event: APIGatewayProxyEventV2 = requestOf('GET', '/');
  return loginRequest({ ...event, rawPath: path, rawQueryString: query });
}

const ofText = (
  functions: Readonly<Record<string, (text: string) => unknown>>,
): readonly TextParser[] => Object.entries(functions).map(([name, parse]) => ({ name, parse }));

const { parseSampling, wholeName, CALLS_PER_MINUTE_CAP: _cap, ...ofConfig } = config;
const { checkCalendarSize: _checked, ...ofProgram } = program;

export const PARSERS: readonly TextParser[] = [
  // Values of the configuration.
  ...ofText(ofConfig),
  ...ofText({ wholeName, parseSampling: (text) => parseSampling(text, '5') }),
  { name: 'parseLevels', parse: parseLevels },
  { name: 'parseSampling seconds', parse: (text) => parseSampling('SBIN', text) },
  { name: 'parseSymbol ticker', parse: config.parseSymbol, frame: (text) => `NSE:${text}` },
  { name: 'parseSymbolAlias name', parse: config.parseSymbolAlias, frame: (text) => `ATM:${text}` },
  {
    name: 'parseSymbolAlias list',
    parse: config.parseSymbolAlias,
    frame: (text) => `INDEX:${text}`,
  },
  ...ofText({ parseIndexList, indicesIn, csvCells }),
  { name: 'csvCells quoted', parse: csvCells, frame: (text) => `"${text}",b` },
  { name: 'parseIndexList rows', parse: parseIndexList, frame: (text) => `Symbol\n${text}` },
  { name: 'parseAuthCode part', parse: config.parseAuthCode, frame: (text) => `a.${text}` },
  {
    name: 'parseRedirectUri path',
    parse: config.parseRedirectUri,
    frame: (text) => `https://${text}`,
  },
  { name: 'parseTelegram chat', parse: config.parseTelegram, frame: (text) => `12345:${text}` },
  ...ofText({
    ...ofProgram,
    parseKeys: (text) =>
      parseKeys(
        () => text,
        (secret) => secret,
      ),
    parseEndpoint: config.parseEndpoint,
    parseAlias,
    parseProbeRefresh,
    parseSettings: (text) =>
      parseSettings([], { FYERS_SYMBOLS: text, FYERS_EVERY_SECONDS: '5', FYERS_SHARD: text }),
  }),
  { name: 'parseEndpoint path', parse: config.parseEndpoint, frame: (text) => `https://${text}` },
  { name: 'parseEmail domain', parse: program.parseEmail, frame: (text) => `a@${text}` },
  {
    name: 'parseReaders path',
    parse: program.parseReaders,
    frame: (text) => `arn:aws:iam::123456789012:role/${text}`,
  },

  // Requests to the login page.
  { name: 'loginRequest path', parse: (text) => request(`/${text}`, '') },
  { name: 'loginRequest link', parse: (text) => request(`/go/${text}`, '') },
  { name: 'loginRequest query', parse: (text) => request('/', text) },
  { name: 'loginRequest message', parse: (text) => request('/', `s=x&state=x&message=${text}`) },
  { name: 'loginRequest code', parse: (text) => request('/', `s=x&state=x&auth_code=${text}`) },
  {
    name: 'recogniseLink',
    parse: recogniseLink,
    // Longer paths are refused for their length alone.
    frame: (text) => text.slice(0, text.length / 16),
  },
  {
    name: 'recogniseLink signature',
    parse: recogniseLink,
    frame: (text) => `go/2026-11-25/${text.slice(0, text.length / 20)}`,
  },
  ...ofText({ isLinkShaped, isStateShaped, claimedDay }),
  { name: 'dayOfLink', parse: (text) => dayOfLink(SIGNER, text) },
  { name: 'readState', parse: (text) => readState(SIGNER, text, SEVEN, {}) },
  { name: 'parseRedirect', parse: (text) => parseRedirect(APP, text, SEVEN, {}) },
  {
    name: 'parseRedirect message',
    parse: (text) => parseRedirect(APP, text, SEVEN, {}),
    frame: (text) => `?s=error&state=${stateAt()}&message=${text.slice(0, text.length / 4 - 200)}`,
  },
  { name: 'wordsOf', parse: (text) => wordsOf(new URLSearchParams({ message: text, code: text })) },

  // Tokens, states and answers.
  ...ofText({ hideTokens, decodeToken, tokenIn, parseTokenState, parseLoginState }),
  { name: 'decodeToken payload', parse: decodeToken, frame: (text) => `a.${text}.b` },
  { name: 'considerAccessToken', parse: (text) => chooseAccessToken(text, text, view) },
  { name: 'considerRefreshToken', parse: (text) => chooseRefreshToken(text, text, view) },
  { name: 'log', parse: (text) => log.scrub(text) },
  { name: 'parseEvent', parse: (text) => parseEvent({ trigger: 'slot', slot: text }, text) },
  {
    name: 'outsideReadIn',
    parse: (text) =>
      outsideReadIn({
        'detail-type': 'AWS API Call via CloudTrail',
        detail: { eventName: text, eventTime: text, userIdentity: { arn: text }, userAgent: text },
      }),
  },
  {
    name: 'outsideReadIn agent',
    parse: (text) =>
      outsideReadIn({
        'detail-type': 'AWS API Call via CloudTrail',
        detail: {
          eventName: 'GetParameter',
          eventTime: '2026-11-25T04:45:00Z',
          userIdentity: { arn: text },
          userAgent: text,
        },
      }),
  },
  {
    name: 'readDepthAnswer',
    parse: (text) => readDepthAnswer('NSE:SBIN-EQ', { s: 'ok', d: { [text]: text } }, MOMENT),
  },
  {
    name: 'readDepthAnswer sides',
    parse: (text) =>
      readDepthAnswer(
        'NSE:SBIN-EQ',
        {
          s: 'ok',
          d: { 'NSE:SBIN-EQ': { bids: [{ price: text }], ask: text, ltp: text } },
        },
        MOMENT,
      ),
  },

  // Frames of the streams.
  ...ofText({ parseFieldMap, parseFeed }),
  { name: 'decodeTbtFrame', parse: (text) => decodeTbtFrame(Buffer.from(text)) },
  {
    name: 'decodeTbtFrame feeds',
    parse: (text) => decodeTbtFrame(Buffer.from(text)),
    frame: (text) => '\u0012\u0002\n\u0000'.repeat(text.length / 4),
  },
  { name: 'decodeHsmLogin', parse: (text) => decodeHsmLogin(hsmFrame(1, text)) },
  { name: 'decodeHsmAnswer', parse: (text) => decodeHsmAnswer(hsmFrame(4, text)) },
  {
    name: 'decodeHsmData',
    parse: (text) => decodeHsmData(hsmFrame(6, text), { isNumbered: false, liteCountOf: () => 1 }),
    frame: (text) => `\u007f\u007f${'L\u0000\u00001234'.repeat(text.length / 7)}`,
  },

  { name: 'readFrameLog', parse: (text) => readFrameLog(Buffer.from(text), crc32) },
  { name: 'readFrameLog batches', parse: (text) => readFrameLog(frameLogOf(text), crc32) },
  { name: 'parseMark', parse: (text) => parseMark(Buffer.from(text)) },
  {
    name: 'parseMark name',
    parse: (text) => parseMark(Buffer.from(text)),
    frame: (text) => `{"mark":"opened","name":"${text}"}`,
  },

  // Dates and times.
  ...ofText({ parseInstant, parseIstDate, parseHttpDate, referenceCsvDate }),
  { name: 'parseInstant fraction', parse: parseInstant, frame: (text) => `${text}+05:30` },
  { name: 'timeOfDay', parse: (text) => timeOfDay(istDate('2026-11-25'), text) },

  // Files and logs.
  ...ofText({
    parseCsvLine,
    parseCells: (text) => parseCells(COLUMNS, text.split(',')),
    readReferenceCsvCells: (text) => readReferenceCsvCells(text.split(',')),
    parseEventLine,
    parseManifest,
    parseUploadState,
    parseOverridesText,
    parseJson,
    eventIn: (text) => eventIn({ id: '1', at: SEVEN, text }),
    masterRowOf: (text) => masterRowOf('NSE_FO', text),
  }),
  { name: 'parseOverridesText list', parse: parseOverridesText, frame: (text) => `[${text}]` },
  { name: 'parseEventLine json', parse: parseEventLine, frame: (text) => `{"event":"${text}"}` },
  {
    name: 'masterRowOf quoted',
    parse: (text) => masterRowOf('NSE_CM', text),
    frame: (text) => `1,"${text}`,
  },
  {
    name: 'parseCell',
    parse: (text) => COLUMNS.map((column) => parseCell(column, text)),
  },
  {
    name: 'lineParser',
    parse: (text) => parseLine(Buffer.from(text), 0, Buffer.byteLength(text)),
  },
  {
    name: 'lineParser symbol',
    parse: (text) => parseLine(Buffer.from(text), 0, Buffer.byteLength(text)),
    frame: (text) => `${STAMP},${text}`,
  },
];
