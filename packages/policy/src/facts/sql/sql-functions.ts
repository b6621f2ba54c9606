function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}

/**
 * Functions of Postgres that compute a value of bounded size from their arguments, and nothing else.
 *
 * Not here: what runs SQL, reads files, settings or catalogues, changes anything, or grows its result (`repeat`,
 * `lpad`, `replace`, `generate_series`, `power`). The owner can declare more.
 */
export const POSTGRES_FUNCTIONS: ReadonlySet<string> = new Set(
  words(`
    count sum avg min max any_value every bool_and bool_or bit_and bit_or bit_xor
    stddev stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp
    mode grouping
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
    lower upper initcap length char_length character_length octet_length bit_length trim btrim ltrim rtrim
    substring substr left right position strpos starts_with reverse split_part concat concat_ws ascii md5 like_escape
    abs ceil ceiling floor round trunc sign mod div sqrt ln log
    coalesce nullif greatest least num_nonnulls num_nulls
    now current_date current_time current_timestamp localtime localtimestamp
    date_trunc date_part date_bin extract age make_date make_time make_timestamp justify_days justify_hours
    to_char to_date to_number to_timestamp timezone isfinite
    cardinality array_length unnest
    to_json to_jsonb row_to_json json_typeof jsonb_typeof json_array_length jsonb_array_length
    json_extract_path json_extract_path_text jsonb_extract_path jsonb_extract_path_text
  `),
)

/** Aggregates of Postgres that put rows of a group into one value; with an array, percentiles do. */
export const POSTGRES_COLLAPSING: ReadonlySet<string> = new Set(
  words(`
    array_agg string_agg xmlagg range_agg percentile_cont percentile_disc
    json_agg json_agg_strict json_object_agg json_object_agg_strict
    json_object_agg_unique json_object_agg_unique_strict
    jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict
    jsonb_object_agg_unique jsonb_object_agg_unique_strict
  `),
)

/**
 * Functions of Postgres that take a row: `o.json_agg` is `json_agg(o)` when `o` has no such column.
 *
 * Those whose names stand in Postgres 18's own catalogue; test/interop asks it for the list.
 */
export const POSTGRES_ROW_FUNCTIONS: ReadonlySet<string> = new Set(
  words(`
    any_out any_value anycompatible_out anycompatiblenonarray_out anyelement_out anynonarray_out array_agg
    concat count cume_dist dense_rank first_value hash_record json_agg json_agg_strict json_build_array
    json_build_object jsonb_agg jsonb_agg_strict jsonb_build_array jsonb_build_object lag last_value lead max min mode
    num_nonnulls num_nulls percent_rank pg_collation_for pg_column_compression pg_column_size pg_column_toast_chunk_id
    pg_restore_attribute_stats pg_restore_relation_stats pg_typeof quote_literal quote_nullable rank record_out
    record_send row_to_json to_json to_jsonb
  `),
)

/** Operators of Postgres without regular expressions, which can run for ever, and without powers. */
export const POSTGRES_OPERATORS: ReadonlySet<string> = new Set([
  ...words(
    '+ - * / % = <> < > <= >= || ~~ !~~ ~~* !~~* & | # << >> @> <@ && -> ->> #> #>> ? ?| ?&',
  ),
  'BETWEEN',
  'NOT BETWEEN',
  'BETWEEN SYMMETRIC',
  'NOT BETWEEN SYMMETRIC',
])

/** Types of Postgres to which a cast is a conversion of the value and looks nothing up. */
export const POSTGRES_TYPES: ReadonlySet<string> = new Set(
  words(`
    bool int2 int4 int8 smallint integer int bigint numeric decimal float4 float8 real money
    text varchar bpchar char name date time timetz timestamp timestamptz interval uuid json jsonb bytea bit varbit
  `),
)

/** Functions of SQLite that compute a value of bounded size from their arguments, and nothing else. */
export const SQLITE_FUNCTIONS: ReadonlySet<string> = new Set(
  words(`
    count sum total avg min max median percentile percentile_cont percentile_disc
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
    lower upper length octet_length trim ltrim rtrim substr substring instr unicode char unhex concat concat_ws
    abs ceil ceiling floor round trunc sign mod sqrt ln log log10 log2
    coalesce ifnull nullif iif if typeof likely unlikely likelihood
    date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp
    json_extract json_type json_array_length json_valid
  `),
)

/** Aggregates of SQLite that put the rows of a group into one value. */
export const SQLITE_COLLAPSING: ReadonlySet<string> = new Set(
  words(
    `group_concat string_agg json_group_array json_group_object jsonb_group_array jsonb_group_object`,
  ),
)

/** What SQLite's compiler calls a function and the language an operator. */
export const SQLITE_OPERATORS: ReadonlySet<string> = new Set(words(`like glob -> ->>`))
