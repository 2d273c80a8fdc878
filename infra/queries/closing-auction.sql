-- Shows the recorded quantities of the close, by symbol and phase. Parameter: day, as '2026-11-25'.
SELECT
  symbol,
  phase,
  phase_certainty,
  count(*) AS snapshots,
  count(marks) AS marked_snapshots,
  min(slot) + INTERVAL '330' MINUTE AS first_slot_ist,
  max(slot) + INTERVAL '330' MINUTE AS last_slot_ist,
  min_by(ltp, slot) AS first_ltp,
  max_by(ltp, slot) AS last_ltp,
  max(volume) - min(volume) AS traded_qty,
  max_by(total_buy_qty, slot) AS last_total_buy_qty,
  max_by(total_sell_qty, slot) AS last_total_sell_qty
FROM depth
WHERE "date" = ? AND phase IN ('CLOSE_CALC', 'CAS_REF', 'CAS_ENTRY', 'CAS_LIMIT', 'CAS_MATCH')
GROUP BY symbol, phase, phase_certainty
ORDER BY symbol, min(slot)
