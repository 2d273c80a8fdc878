-- Shows each change of the best bid and offer of one symbol between two Indian times of day. Parameters: day, symbol, from, to, as '2026-11-25', 'NSE:SBIN-EQ', '10:15:00', '10:16:00'.
WITH best AS (
  SELECT
    "date",
    update_number,
    max(received_at) + INTERVAL '330' MINUTE AS received_ist,
    max(sequence) AS sequence,
    max(reason) AS reason,
    max(CASE WHEN side = 'bid' THEN price END) AS bid_px,
    max(CASE WHEN side = 'bid' THEN quantity END) AS bid_qty,
    max(CASE WHEN side = 'ask' THEN price END) AS ask_px,
    max(CASE WHEN side = 'ask' THEN quantity END) AS ask_qty
  FROM updates
  WHERE "date" = ? AND symbol = ? AND (level = 0 OR side IS NULL)
  GROUP BY "date", update_number
),
filled AS (
  SELECT
    "date",
    update_number,
    received_ist,
    sequence,
    reason,
    last_value(bid_px) IGNORE NULLS OVER (ORDER BY update_number) AS bid_px,
    last_value(bid_qty) IGNORE NULLS OVER (ORDER BY update_number) AS bid_qty,
    last_value(ask_px) IGNORE NULLS OVER (ORDER BY update_number) AS ask_px,
    last_value(ask_qty) IGNORE NULLS OVER (ORDER BY update_number) AS ask_qty
  FROM best
),
compared AS (
  SELECT
    *,
    -- Whole books repeat what has not changed.
    bid_px IS DISTINCT FROM lag(bid_px) OVER (ORDER BY update_number)
      OR bid_qty IS DISTINCT FROM lag(bid_qty) OVER (ORDER BY update_number)
      OR ask_px IS DISTINCT FROM lag(ask_px) OVER (ORDER BY update_number)
      OR ask_qty IS DISTINCT FROM lag(ask_qty) OVER (ORDER BY update_number) AS is_change
  FROM filled
)
SELECT
  received_ist,
  sequence,
  -- A level without a quantity does not exist.
  CASE WHEN bid_qty > 0 THEN bid_px END AS bid_px,
  bid_qty,
  CASE WHEN ask_qty > 0 THEN ask_px END AS ask_px,
  ask_qty,
  -- Why the whole book is repeated here, or why the book is not sound from here on.
  reason
FROM compared
WHERE received_ist BETWEEN CAST("date" || ' ' || ? AS timestamp) AND CAST("date" || ' ' || ? AS timestamp)
  AND (is_change OR reason <> 'minute')
ORDER BY update_number
