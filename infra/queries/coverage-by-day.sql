-- Shows how much of each day was recorded, by symbol. Parameters: first day, last day, as '2026-11-02', '2026-11-25'.
WITH spaced AS (
  SELECT
    "date",
    symbol,
    slot,
    marks,
    date_diff('second', lag(slot) OVER (PARTITION BY "date", symbol ORDER BY slot), slot) AS gap_seconds
  FROM depth
  WHERE "date" BETWEEN ? AND ?
)
SELECT
  "date",
  symbol,
  count(*) AS snapshots,
  round(100.0 * count(*) / max(count(*)) OVER (PARTITION BY "date"), 2) AS percent_of_fullest_symbol,
  min(slot) + INTERVAL '330' MINUTE AS first_slot_ist,
  max(slot) + INTERVAL '330' MINUTE AS last_slot_ist,
  max(gap_seconds) AS longest_gap_seconds,
  count(marks) AS marked_snapshots
FROM spaced
GROUP BY "date", symbol
ORDER BY "date", symbol
