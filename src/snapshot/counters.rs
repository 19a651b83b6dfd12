use serde::Serialize;

/// The work that was done, summed over all environments. Tests assert it, so that a lost shortcut fails a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counters {
    /// Entries that were listed, folders included.
    pub entries_listed: u64,
    /// Folders that were opened to be listed.
    pub folders_listed: u64,
    /// Files of environments that were opened, for whatever purpose; contents that come out of a repository are not files.
    pub files_opened: u64,
    /// Bytes that were read from files or out of repositories.
    pub bytes_read: u64,
    /// Bytes that went through a digest. Files read side by side and found equal go through it once.
    pub bytes_hashed: u64,
    /// Digests that were known without reading: from the hash cache or from a repository's index or tree.
    pub digests_reused: u64,
    /// Files that were opened although the hash cache knew them, to check the cache.
    pub cache_checked: u64,
    /// Pairs of commits whose trees were held against each other.
    pub trees_compared: u64,
    /// How often an archive was gone over from its beginning: to list it, or for contents that are packed in it.
    pub archive_passes: u64,
    /// Bytes that were sent to programs that reach other machines.
    pub bytes_sent: u64,
    /// Bytes that came back from them.
    pub bytes_received: u64,
    /// Commands that were run on other machines; does not grow with the number of files.
    pub round_trips: u64,
    /// Files that were read on other machines, for a digest or for their content.
    pub far_files_read: u64,
}

impl std::ops::AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.entries_listed += other.entries_listed;
        self.folders_listed += other.folders_listed;
        self.files_opened += other.files_opened;
        self.bytes_read += other.bytes_read;
        self.bytes_hashed += other.bytes_hashed;
        self.digests_reused += other.digests_reused;
        self.cache_checked += other.cache_checked;
        self.trees_compared += other.trees_compared;
        self.archive_passes += other.archive_passes;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.round_trips += other.round_trips;
        self.far_files_read += other.far_files_read;
    }
}
