-- Counts the gaps in the updates of each day, by symbol and reason. Parameters: first day, last day, as '2026-11-02', '2026-11-25'.
WITH marked AS (
  SELECT
    "date",
    symbol,
    side,
    reason,
    received_at,
    lead(received_at) OVER (PARTITION BY "date", symbol ORDER BY update_number) AS ends_at
  FROM updates
  -- The row that begins a gap, and the first row of each whole book, which ends it.
  WHERE "date" BETWEEN ? AND ? AND (side IS NULL OR (is_snapshot AND side = 'bid' AND level = 0))
)
SELECT
  "date",
  symbol,
  reason,
  count(*) AS gaps,
  -- The last one of a day begins when its connection ends.
  count_if(ends_at IS NULL) AS without_end,
  min(received_at) + INTERVAL '330' MINUTE AS first_ist,
  round(sum(date_diff('millisecond', received_at, ends_at)) / 1000.0, 3) AS seconds,
  round(max(date_diff('millisecond', received_at, ends_at)) / 1000.0, 3) AS longest_seconds
FROM marked
WHERE side IS NULL
GROUP BY "date", symbol, reason
ORDER BY "date", symbol, reason
