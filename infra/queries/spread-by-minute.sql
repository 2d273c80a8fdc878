-- Shows the spread of one symbol by minute of continuous trading, without crossed, non-monotone and zero-inside books. Parameters: day, symbol, as '2026-11-25', 'NSE:SBIN-EQ'.
WITH books AS (
  SELECT
    date_trunc('minute', slot + INTERVAL '330' MINUTE) AS minute_ist,
    ask_px_1 - bid_px_1 AS spread,
    20000 * (ask_px_1 - bid_px_1) / (ask_px_1 + bid_px_1) AS basis_points,
    coalesce(regexp_like(marks, 'crossed|non-monotone|zero-inside'), false) AS left_out
  FROM depth
  WHERE "date" = ? AND symbol = ? AND phase = 'CONTINUOUS' AND bid_px_1 > 0 AND ask_px_1 > 0
)
SELECT
  minute_ist,
  count(*) FILTER (WHERE NOT left_out) AS snapshots,
  count(*) FILTER (WHERE left_out) AS snapshots_left_out,
  round(avg(spread) FILTER (WHERE NOT left_out), 4) AS mean_spread_rupees,
  round(max(spread) FILTER (WHERE NOT left_out), 4) AS widest_spread_rupees,
  round(avg(basis_points) FILTER (WHERE NOT left_out), 2) AS mean_spread_basis_points
FROM books
GROUP BY minute_ist
ORDER BY minute_ist
