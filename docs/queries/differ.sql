-- Paths that differ anywhere: how many hosts have them, in how many variants.
-- Digests of unlike kinds say nothing about each other (other algorithms; sensitive files under other installations' keys): there sizes decide.
-- Only what the latest day of each host says counts. Parameter: $files, such as 'snapshots/**/*.ndjson.zst'.
WITH records AS (
    SELECT * FROM read_json($files, format = 'newline_delimited', compression = 'zstd', hive_partitioning = false, columns = {
        record: 'VARCHAR', env: 'VARCHAR', host: 'VARCHAR', date: 'DATE', path: 'VARCHAR', path_base64: 'VARCHAR', kind: 'VARCHAR',
        mode: 'VARCHAR', size: 'BIGINT', mtime: 'BIGINT', digest_kind: 'VARCHAR', digest: 'VARCHAR', target: 'VARCHAR', target_base64: 'VARCHAR'})
    WHERE record = 'entry' AND kind <> 'folder'
), last_days AS (
    SELECT * FROM records WHERE kind NOT IN ('unreadable', 'unreadable-folder')
    QUALIFY date = max(date) OVER (PARTITION BY env, host)
), latest AS (
    SELECT *, concat_ws('|', kind, size, CASE WHEN min(digest_kind) OVER here = max(digest_kind) OVER here THEN digest END,
        target, target_base64) AS state
    FROM last_days WINDOW here AS (PARTITION BY path, path_base64)
), hosts AS (SELECT count(*) AS hosts FROM (SELECT DISTINCT env, host FROM records))
SELECT path, count(*) AS present_on, hosts, count(DISTINCT state) AS variants
FROM latest, hosts
GROUP BY path, path_base64, hosts
HAVING count(*) < hosts OR count(DISTINCT state) > 1
ORDER BY path;
