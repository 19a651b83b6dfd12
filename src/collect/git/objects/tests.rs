use proptest::prelude::*;

use super::*;

#[test]
fn a_commit_is_read() {
    let zero = Oid::from_str("0123456789012345678901234567890123456789").unwrap();
    let data = b"tree 1111111111111111111111111111111111111111\nparent 2222222222222222222222222222222222222222\n\
        author A B <a@b> 12 +0100\ncommitter C <c> 34 +0000\ngpgsig x\n y\n\n\nFix it\nmore\n";
    let commit = parse_commit(zero, data).unwrap();
    assert_eq!((commit.summary.subject.as_str(), commit.summary.author.as_str()), ("Fix it", "A B"));
    assert_eq!((commit.summary.authored, commit.committed, commit.parents.len()), (12, 34, 1));
}

#[test]
fn what_was_read_lately_is_not_unpacked_again() {
    let home = tempfile::tempdir().unwrap();
    let repository = git2::Repository::init_bare(home.path()).unwrap();
    let blob = repository.blob(b"one\n").unwrap();
    let mut tree = repository.treebuilder(None).unwrap();
    tree.insert("a", blob, 0o100_644).unwrap();
    let tree = tree.write().unwrap();
    let who = git2::Signature::new("A", "a@example.org", &git2::Time::new(0, 0)).unwrap();
    let commit = repository.commit(None, &who, &who, "one", &repository.find_tree(tree).unwrap(), &[]).unwrap();
    let objects = Objects::open_at(home.path().join("objects"), b"", None).unwrap();
    for _ in 0..3 {
        assert_eq!(objects.commit(commit).unwrap().tree, tree);
        assert_eq!(objects.find(tree, b"a").unwrap().unwrap().id, blob);
        assert_eq!((objects.blob(blob).unwrap(), objects.blob_size(blob).unwrap()), (b"one\n".to_vec(), 4));
    }
    assert_eq!(objects.unpacked(), 3);
}

#[test]
fn a_content_under_the_name_of_another_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let repository = git2::Repository::init_bare(home.path()).unwrap();
    let (one, two) = (repository.blob(b"one\n").unwrap(), repository.blob(b"two\n").unwrap());
    let file = |id: Oid| {
        let digits = id.to_string();
        home.path().join("objects").join(&digits[..2]).join(&digits[2..])
    };
    std::fs::remove_file(file(one)).unwrap();
    std::fs::copy(file(two), file(one)).unwrap();
    let objects = Objects::open_at(home.path().join("objects"), b"", None).unwrap();
    assert_eq!(objects.blob(two).unwrap(), b"two\n");
    assert!(matches!(objects.blob(one), Err(GitFault::Object { id, .. }) if id == one));
}

#[test]
fn each_thread_of_a_pool_reads_with_a_handle_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    let blob = git2::Repository::init_bare(home.path()).unwrap().blob(b"one\n").unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let handles = pool.install(|| Handles::open(&home.path().join("objects"))).unwrap();
    let own = pool.broadcast(|_| {
        assert_eq!(handles.own().read(blob).unwrap().data(), b"one\n");
        std::ptr::from_ref(handles.own()).addr()
    });
    assert_eq!(own.into_iter().collect::<HashSet<_>>().len(), 3);
}

proptest! {
    #[test]
    fn no_object_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let zero = Oid::from_bytes(&[0; 20]).unwrap();
        let _ = (parse_tree(&bytes), parse_commit(zero, &bytes), parse_person(&bytes));
    }
}
