// A running day goes up in numbered pieces of its two logs. What this machine knows of them outlives its process.
import * as z from 'zod/mini';
import { file } from './manifest.ts';

const logEnd = z.object({ part: z.number(), bytes: z.number() });
const logEnds = z.object({ rows: logEnd, events: logEnd });

const pieceState = z.object({
  /** The number of the piece that is to be shipped next; the first is 1. */
  next: z.number(),
  /** Where in this machine's logs that piece begins. */
  from: logEnds,
  /** Made and perhaps in the bucket, but nobody has confirmed it: it is sent again, the same bytes, until somebody does. */
  pending: z.nullable(z.object({ to: logEnds, files: z.array(file) })),
});

/** How far a log is on disk for certain: whole lines, of the file with that number. */
export type LogEnd = z.infer<typeof logEnd>;
export type LogEnds = z.infer<typeof logEnds>;
export type PieceState = z.infer<typeof pieceState>;
export type Piece = NonNullable<PieceState['pending']>;

const START: LogEnd = { part: 0, bytes: 0 };

/** A machine that has shipped nothing of the day: its own logs from their start, after what others have shipped. */
export function firstState(next: number): PieceState {
  return { next, from: { rows: START, events: START }, pending: null };
}

/** Objects of the day's folder; they sort as they were shipped. The piece of the event log claims the number. */
export function pieceNames(number: number): { readonly rows: string; readonly events: string } {
  const digits = String(number).padStart(4, '0');
  return { rows: `day-${digits}.csv.gz`, events: `events-${digits}.jsonl.gz` };
}

/** Null for a text that is not a state. */
export function parsePieceState(text: string): PieceState | null {
  try {
    return pieceState.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
