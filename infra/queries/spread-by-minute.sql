-- The spread of one symbol by minute of continuous trading. Parameters: day, symbol, as '2026-11-25', 'NSE:SBIN-EQ'.
SELECT
  date_trunc('minute', slot + INTERVAL '330' MINUTE) AS minute_ist,
  count(*) AS snapshots,
  round(avg(ask_px_1 - bid_px_1), 4) AS mean_spread_rupees,
  round(max(ask_px_1 - bid_px_1), 4) AS widest_spread_rupees,
  round(avg(20000 * (ask_px_1 - bid_px_1) / (ask_px_1 + bid_px_1)), 2) AS mean_spread_basis_points
FROM depth
WHERE "date" = ? AND symbol = ? AND phase = 'CONTINUOUS' AND bid_px_1 > 0 AND ask_px_1 > 0
GROUP BY 1
ORDER BY 1
