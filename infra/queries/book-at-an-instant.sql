-- Shows the last book of one symbol at an Indian time of day. Parameters: day, symbol, time, as '2026-11-25', 'NSE:SBIN-EQ', '10:15:00'.
WITH latest AS (
  SELECT *
  FROM depth
  WHERE "date" = ? AND symbol = ? AND slot + INTERVAL '330' MINUTE <= CAST("date" || ' ' || ? AS timestamp)
  ORDER BY slot DESC
  LIMIT 1
)
SELECT
  slot + INTERVAL '330' MINUTE AS slot_ist,
  phase,
  marks,
  ltp,
  level,
  ARRAY[bid_orders_1, bid_orders_2, bid_orders_3, bid_orders_4, bid_orders_5][level] AS bid_orders,
  ARRAY[bid_qty_1, bid_qty_2, bid_qty_3, bid_qty_4, bid_qty_5][level] AS bid_qty,
  ARRAY[bid_px_1, bid_px_2, bid_px_3, bid_px_4, bid_px_5][level] AS bid_px,
  ARRAY[ask_px_1, ask_px_2, ask_px_3, ask_px_4, ask_px_5][level] AS ask_px,
  ARRAY[ask_qty_1, ask_qty_2, ask_qty_3, ask_qty_4, ask_qty_5][level] AS ask_qty,
  ARRAY[ask_orders_1, ask_orders_2, ask_orders_3, ask_orders_4, ask_orders_5][level] AS ask_orders
FROM latest
CROSS JOIN (VALUES 1, 2, 3, 4, 5) AS levels (level)
ORDER BY level
