-- Counts the marked snapshots of each day, by symbol and mark. Parameters: first day, last day, as '2026-11-02', '2026-11-25'.
WITH judged AS (
  SELECT
    "date",
    symbol,
    slot,
    marks,
    count(*) OVER (PARTITION BY "date", symbol) AS snapshots,
    count_if(phase = 'CONTINUOUS') OVER (PARTITION BY "date", symbol) AS continuous_snapshots
  FROM depth
  WHERE "date" BETWEEN ? AND ?
)
SELECT
  "date",
  symbol,
  mark,
  count(*) AS marked_snapshots,
  -- As in the manifest: stale and frozen are judged in continuous trading only.
  round(100.0 * count(*) / max(CASE WHEN mark IN ('stale', 'frozen') THEN continuous_snapshots ELSE snapshots END), 2) AS percent_of_snapshots,
  min(slot) + INTERVAL '330' MINUTE AS first_slot_ist,
  max(slot) + INTERVAL '330' MINUTE AS last_slot_ist
FROM judged
CROSS JOIN UNNEST(split(marks, ' ')) AS named (mark)
GROUP BY "date", symbol, mark
ORDER BY "date", symbol, count(*) DESC, mark
