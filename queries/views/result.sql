-- name: result
-- purpose: every extracted figure, final, in one long form
create view v1.result as
with final as (
  select replace(row_id, '#final', '') as row_id from extraction.result_continuous where reader = 'final'
  union all select replace(row_id, '#final', '') from extraction.result_binary where reader = 'final'
  union all select replace(row_id, '#final', '') from extraction.result_contrast where reader = 'final'
  union all select replace(row_id, '#final', '') from extraction.adverse_event where reader = 'final'
),
every_row as (
  select c.row_id, c.study_id, c.reader, 'continuous' as kind, c.arm_id, null::varchar as arm_b, c.outcome_id,
    c.instrument, c.scale_min, c.scale_max, c.better, c.time_value, c.time_unit, c.month, c.measure, c.analysis,
    c.n, c.center, c.center_kind, c.spread_lo, c.spread_hi, c.spread_kind, c.adjusted_for, c.imputed, c.digitised,
    null::integer as events, null::double as pct_printed, null::double as pct_lo, null::double as pct_hi,
    null::varchar as contrast_kind, null::double as est, null::double as lo, null::double as hi,
    null::varchar as p_text, null::boolean as adjusted, null::varchar as definition,
    null::varchar as term_text, null::varchar as serious, null::varchar as related,
    c.as_printed, c.n_as_printed, c.n_source_id, c.source_id, c.remark, c.file, c.line
  from extraction.result_continuous c
  union all by name
  select b.row_id, b.study_id, b.reader, 'binary' as kind, b.arm_id, b.outcome_id, b.instrument, b.better, b.time_value,
    b.time_unit, b.month, b.analysis, b.events, b.n, b.pct_printed, b.pct_lo, b.pct_hi, b.definition,
    b.as_printed, b.n_as_printed, b.n_source_id, b.source_id, b.remark, b.file, b.line
  from extraction.result_binary b
  union all by name
  select x.row_id, x.study_id, x.reader, 'contrast' as kind, x.arm_a as arm_id, x.arm_b, x.outcome_id, x.instrument,
    x.scale_min, x.scale_max, x.better, x.time_value, x.time_unit, x.month, x.measure, x.kind as contrast_kind,
    x.est, x.lo, x.hi, x.p_text, x.adjusted, x.as_printed, x.source_id, x.remark, x.file, x.line
  from extraction.result_contrast x
  union all by name
  select v.row_id, v.study_id, v.reader, 'adverse_event' as kind, v.arm_id, v.outcome_id, v.term_text as instrument,
    'lower' as better, v.time_value, v.time_unit, v.month, v.events, v.n, v.pct_printed, v.term_text, v.serious,
    v.related, v.as_printed, v.n_as_printed, v.n_source_id, v.source_id, v.remark, v.file, v.line
  from extraction.adverse_event v
)
select replace(r.row_id, '#final', '') as row_id, r.study_id, r.kind, r.arm_id, r.arm_b, r.outcome_id, r.instrument,
  r.scale_min, r.scale_max, r.better, r.time_value, r.time_unit, r.month, r.measure, r.analysis,
  r.n, r.center, r.center_kind, r.spread_lo, r.spread_hi, r.spread_kind, r.adjusted_for, r.imputed, r.digitised,
  r.events, r.pct_printed, r.pct_lo, r.pct_hi, r.contrast_kind, r.est, r.lo, r.hi, r.p_text, r.adjusted, r.definition,
  r.term_text, r.serious, r.related, r.as_printed, r.n_as_printed, r.n_source_id, r.source_id,
  s.level, n.level as n_level, s.locator, coalesce(s.canonical_url, s.url) as url, s.report_id,
  r.remark, r.file, r.line
from every_row r
left join extraction.source s on s.study_id = r.study_id and s.source_id = r.source_id
left join extraction.source n on n.study_id = r.study_id and n.source_id = r.n_source_id
where r.reader = 'final'
  or (r.reader = 'r1' and r.row_id not in (select f.row_id from final f));
comment on view v1.result is 'One line for each extracted figure of any kind: the first reader''s row, or what the readers agreed on.';
comment on column v1.result.row_id is 'File and line of the row.';
comment on column v1.result.study_id is 'The study.';
comment on column v1.result.kind is 'continuous, binary, contrast or adverse_event.';
comment on column v1.result.arm_id is 'The arm; of a contrast the first arm.';
comment on column v1.result.arm_b is 'The second arm of a contrast (estimate = first minus second, unless a remark says otherwise).';
comment on column v1.result.outcome_id is 'The outcome.';
comment on column v1.result.instrument is 'Instrument; of an adverse event its term.';
comment on column v1.result.scale_min is 'Lowest possible score.';
comment on column v1.result.scale_max is 'Highest possible score.';
comment on column v1.result.better is 'Whether lower or higher figures of this row are better; higher for an improvement that is printed positive.';
comment on column v1.result.time_value is 'Time as printed.';
comment on column v1.result.time_unit is 'Its unit.';
comment on column v1.result.month is 'Time in months (weeks x 0.23); 0 is baseline; null where it was not printed.';
comment on column v1.result.measure is 'baseline, final, change or percent_change.';
comment on column v1.result.analysis is 'Who was analysed.';
comment on column v1.result.n is 'Number analysed, or randomised where a remark says so.';
comment on column v1.result.center is 'Mean or median.';
comment on column v1.result.center_kind is 'mean, median or lsmean.';
comment on column v1.result.spread_lo is 'SD or SE; or the lower limit.';
comment on column v1.result.spread_hi is 'The upper limit.';
comment on column v1.result.spread_kind is 'What the spread is.';
comment on column v1.result.adjusted_for is 'Covariates.';
comment on column v1.result.imputed is 'Whether values were imputed.';
comment on column v1.result.digitised is 'Whether it was read from a figure.';
comment on column v1.result.events is 'Participants with the event.';
comment on column v1.result.pct_printed is 'Percentage as printed.';
comment on column v1.result.pct_lo is 'Lower limit of the printed percentage.';
comment on column v1.result.pct_hi is 'Upper limit of the printed percentage.';
comment on column v1.result.contrast_kind is 'MD, SMD, OR, RR, RD or HR.';
comment on column v1.result.est is 'The printed contrast.';
comment on column v1.result.lo is 'Its lower 95 % limit.';
comment on column v1.result.hi is 'Its upper 95 % limit.';
comment on column v1.result.p_text is 'P as printed.';
comment on column v1.result.adjusted is 'Whether the contrast is adjusted.';
comment on column v1.result.definition is 'Definition of the event.';
comment on column v1.result.term_text is 'Adverse event as named.';
comment on column v1.result.serious is 'yes or no; null where not reported.';
comment on column v1.result.related is 'yes or no; null where not reported.';
comment on column v1.result.as_printed is 'Row label, column label and the figures as printed.';
comment on column v1.result.n_as_printed is 'n as printed, where it stands elsewhere.';
comment on column v1.result.n_source_id is 'Where n was read.';
comment on column v1.result.source_id is 'Where the figures were read.';
comment on column v1.result.level is 'primary or secondary, of the figures'' source.';
comment on column v1.result.n_level is 'primary or secondary, of the source of n.';
comment on column v1.result.locator is 'Which part of the source was read.';
comment on column v1.result.url is 'The address to cite, or the page that was read.';
comment on column v1.result.report_id is 'The report that printed it, or null.';
comment on column v1.result.remark is 'Note of the reader on this row.';
comment on column v1.result.file is 'File it was read from, relative to the project.';
comment on column v1.result.line is 'Line of that file, the header being line 1.';
