-- Shows all levels of one symbol at an Indian time of day, from the updates of its stream. Parameters: day, symbol, time, as '2026-11-25', 'NSE:SBIN-EQ', '10:15:00.250'.
WITH known AS (
  SELECT *
  FROM updates
  WHERE "date" = ? AND symbol = ? AND received_at + INTERVAL '330' MINUTE <= CAST("date" || ' ' || ? AS timestamp)
),
latest AS (
  SELECT
    max(CASE WHEN is_snapshot THEN update_number END) AS snapshot_number,
    max(CASE WHEN side IS NOT NULL THEN received_at END) + INTERVAL '330' MINUTE AS received_ist,
    -- The last row begins a gap: the levels are the last sound ones.
    max(CASE WHEN side IS NULL THEN update_number END) = max(update_number) AS is_in_gap
  FROM known
),
numbered AS (
  SELECT
    known.*,
    latest.received_ist,
    coalesce(latest.is_in_gap, false) AS is_in_gap,
    row_number() OVER (PARTITION BY known.side, known.level ORDER BY known.update_number DESC) AS place
  FROM known
  CROSS JOIN latest
  WHERE known.update_number >= latest.snapshot_number AND known.side IS NOT NULL
)
SELECT
  received_ist,
  is_in_gap,
  level + 1 AS level,
  max(CASE WHEN side = 'bid' THEN orders END) AS bid_orders,
  max(CASE WHEN side = 'bid' THEN quantity END) AS bid_qty,
  max(CASE WHEN side = 'bid' THEN price END) AS bid_px,
  max(CASE WHEN side = 'ask' THEN price END) AS ask_px,
  max(CASE WHEN side = 'ask' THEN quantity END) AS ask_qty,
  max(CASE WHEN side = 'ask' THEN orders END) AS ask_orders
FROM numbered
WHERE place = 1 AND quantity > 0
GROUP BY received_ist, is_in_gap, level
ORDER BY level
