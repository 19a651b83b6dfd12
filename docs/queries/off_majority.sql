-- Hosts off the majority, worst first: on how many paths a host has not what most hosts have (lacking a path counts).
-- A path without a single most common state is on nobody's account.
-- Digests of unlike kinds say nothing about each other (other algorithms; sensitive files under other installations' keys): there sizes decide.
-- Only what the latest day of each host says counts. Parameter: $files, such as 'snapshots/**/*.ndjson.zst'.
WITH records AS (
    SELECT * FROM read_json($files, format = 'newline_delimited', compression = 'zstd', hive_partitioning = false, columns = {
        record: 'VARCHAR', env: 'VARCHAR', host: 'VARCHAR', date: 'DATE', path: 'VARCHAR', path_base64: 'VARCHAR', kind: 'VARCHAR',
        size: 'BIGINT', digest_kind: 'VARCHAR', digest: 'VARCHAR', target: 'VARCHAR', target_base64: 'VARCHAR'})
    WHERE record = 'entry' AND kind <> 'folder'
), last_days AS (
    SELECT * FROM records QUALIFY date = max(date) OVER (PARTITION BY env, host)
), latest AS (
    SELECT *, concat_ws('|', kind, size, CASE WHEN min(digest_kind) OVER here = max(digest_kind) OVER here THEN digest END,
        target, target_base64) AS state
    FROM last_days WINDOW here AS (PARTITION BY path, path_base64)
), hosts AS (SELECT DISTINCT env, host FROM latest),
paths AS (SELECT DISTINCT path, path_base64 FROM latest),
cells AS (
    SELECT h.env, h.host, p.path, p.path_base64, coalesce(l.state, 'absent') AS state, l.kind
    FROM hosts h CROSS JOIN paths p
    LEFT JOIN latest l ON l.env = h.env AND l.host = h.host AND l.path = p.path
        AND l.path_base64 IS NOT DISTINCT FROM p.path_base64
), counted AS (
    SELECT path, path_base64, state, count(*) AS hosts FROM cells
    WHERE kind IS NULL OR kind NOT IN ('unreadable', 'unreadable-folder') GROUP BY ALL
), majority AS (
    SELECT path, path_base64, arg_max(state, hosts) AS state FROM counted
    GROUP BY path, path_base64
    HAVING count(*) FILTER (hosts = (SELECT max(c.hosts) FROM counted c WHERE c.path = counted.path
        AND c.path_base64 IS NOT DISTINCT FROM counted.path_base64)) = 1
)
SELECT c.env, c.host, count(*) AS paths
FROM cells c JOIN majority m ON m.path = c.path AND m.path_base64 IS NOT DISTINCT FROM c.path_base64 AND m.state <> c.state
WHERE c.kind IS NULL OR c.kind NOT IN ('unreadable', 'unreadable-folder')
GROUP BY c.env, c.host
ORDER BY paths DESC, c.env, c.host;
