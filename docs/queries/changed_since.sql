-- What changed on each host since a day: from the last snapshot on or before it to the latest one.
-- Digests of unlike kinds say nothing about each other (other algorithms; sensitive files under other installations' keys): there sizes decide.
-- Parameters: $files, such as 'snapshots/**/*.ndjson.zst'; $since, such as '2026-01-31'.
WITH records AS (
    SELECT * FROM read_json($files, format = 'newline_delimited', compression = 'zstd', hive_partitioning = false, columns = {
        record: 'VARCHAR', env: 'VARCHAR', host: 'VARCHAR', date: 'DATE', path: 'VARCHAR', path_base64: 'VARCHAR', kind: 'VARCHAR',
        size: 'BIGINT', digest_kind: 'VARCHAR', digest: 'VARCHAR', target: 'VARCHAR', target_base64: 'VARCHAR'})
    WHERE record = 'entry' AND kind <> 'folder'
), days AS (
    SELECT env, host, max(date) FILTER (date <= $since::DATE) AS before, max(date) AS after FROM records GROUP BY env, host
), old AS (SELECT s.* FROM records s JOIN days d ON s.env = d.env AND s.host = d.host AND s.date = d.before AND d.before < d.after),
new AS (SELECT s.* FROM records s JOIN days d ON s.env = d.env AND s.host = d.host AND s.date = d.after AND d.before < d.after)
SELECT coalesce(n.env, o.env) AS env, coalesce(n.host, o.host) AS host, coalesce(n.path, o.path) AS path,
    CASE WHEN o.path IS NULL THEN 'added' WHEN n.path IS NULL THEN 'removed' ELSE 'changed' END AS change
FROM old o FULL JOIN new n ON o.env = n.env AND o.host = n.host AND o.path = n.path
    AND o.path_base64 IS NOT DISTINCT FROM n.path_base64
WHERE (concat_ws('|', o.kind, o.size, o.target, o.target_base64) IS DISTINCT FROM concat_ws('|', n.kind, n.size, n.target, n.target_base64)
    OR o.digest_kind = n.digest_kind AND o.digest <> n.digest)
    AND coalesce(o.kind, '') NOT LIKE 'unreadable%' AND coalesce(n.kind, '') NOT LIKE 'unreadable%'
ORDER BY env, host, path;
