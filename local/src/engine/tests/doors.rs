//! Opening the folder: what works, and the sentence for what does not.

use super::*;

fn refused(dir: &Path) -> String {
    let sentence = Engine::open(dir).unwrap_err();
    assert!(sentence.ends_with(['.', ')']) && sentence.contains(&dir.display().to_string()), "{sentence}");
    assert!(!sentence.contains('\n') && sentence.chars().next().is_some_and(char::is_uppercase), "{sentence}");
    sentence
}

#[tokio::test]
async fn what_was_written_is_there_after_closing_and_opening_again() {
    let folder = Folder::new();
    let ids = Ids::seeded(1);
    let engine = folder.open();
    let id = engine.id.clone();
    for slug in ["acme", "globex"] {
        found(&store(&engine), &ids, slug).await.unwrap();
    }
    assert_eq!(tenants(&store(&engine)).await, ["acme", "globex"]);
    engine.close();
    let engine = folder.open();
    found(&store(&engine), &ids, "initech").await.unwrap();
    drop(engine);
    let engine = folder.open();
    assert_eq!(tenants(&store(&engine)).await, ["acme", "globex", "initech"]);
    assert_eq!((drain(&engine, None, 100).len(), &engine.id), (6, &id), "so is the stream, and it is the same table");
}

#[tokio::test]
async fn closing_ends_the_serving_even_while_a_client_keeps_its_connection() {
    let folder = Folder::new();
    let engine = folder.open();
    let store = store(&engine);
    found(&store, &Ids::seeded(1), "acme").await.unwrap();
    engine.close();
    assert!(store.ping().await.is_err());
}

#[test]
fn a_missing_folder_is_made_for_its_owner_alone() {
    let folder = Folder::new();
    let deep = folder.0.join("a/b");
    drop(Engine::open(&deep).unwrap());
    assert!(deep.join("table.db").is_file());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&deep).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn a_folder_belongs_to_one_instance_at_a_time() {
    let folder = Folder::new();
    let engine = folder.open();
    let sentence = refused(&folder.0);
    assert!(sentence.starts_with("Another instance is running on the data folder"), "{sentence}");
    put(&engine, 1, None);
    drop(engine);
    assert_eq!(drain(&folder.open(), None, 10).len(), 1);
}

#[test]
fn a_file_that_is_no_table_is_told_and_left_alone() {
    let garbage = b"this is not a database, it is somebody's only copy of a letter".repeat(300);
    let mut torn = b"SQLite format 3\0".to_vec();
    torn.extend(garbage.iter());
    for content in [garbage, torn, b"x".to_vec()] {
        let folder = Folder::new();
        let file = folder.0.join("table.db");
        std::fs::write(&file, &content).unwrap();
        let sentence = refused(&folder.0);
        assert!(sentence.contains("is damaged or no data file") && sentence.contains("--data"), "{sentence}");
        assert_eq!(std::fs::read(&file).unwrap(), content, "left as it was");
    }
}

#[test]
fn a_file_with_a_damaged_part_is_told_and_an_empty_one_is_a_new_table() {
    let folder = Folder::new();
    let engine = folder.open();
    (0..2000).for_each(|number| put(&engine, number, None));
    drop(engine);
    let file = folder.0.join("table.db");
    let mut content = std::fs::read(&file).unwrap();
    let middle = content.len() / 2;
    content[middle..middle + 20_000].fill(0xa5);
    std::fs::write(&file, &content).unwrap();
    assert!(refused(&folder.0).contains("is damaged"));
    assert!(std::fs::read(&file).unwrap() == content, "left as it was");
    std::fs::write(&file, b"").unwrap();
    assert!(drain(&folder.open(), None, 10).is_empty());
}

#[test]
fn a_table_of_another_shape_is_told_and_left_alone() {
    let folder = Folder::new();
    let path = file::check(&folder.0).unwrap();
    let database = Database::new(&path).unwrap();
    let other = table::DEFINITION.replace("KEYS_ONLY", "ALL");
    database.create_table(serde_json::from_str(&other).unwrap()).unwrap();
    drop(database);
    let sentence = refused(&folder.0);
    assert!(sentence.contains("another version of this program (other indexes)"), "{sentence}");
}

#[test]
fn a_making_that_was_cut_short_is_finished() {
    let folder = Folder::new();
    let path = file::check(&folder.0).unwrap();
    let database = Database::new(&path).unwrap();
    database.create_table(serde_json::from_str(table::DEFINITION).unwrap()).unwrap();
    drop(database);
    let engine = folder.open();
    put(&engine, 1, Some(1));
    assert_eq!(engine.sweep(), Ok(1), "time to live is on");
}

#[test]
fn a_folder_that_cannot_be_used_is_told() {
    let folder = Folder::new();
    let file = folder.0.join("file");
    std::fs::write(&file, b"x").unwrap();
    assert!(refused(&file).starts_with("The data folder"), "a file where the folder should be");
    assert!(refused(&file.join("below")).starts_with("The data folder"), "a file on the way");
    std::fs::create_dir(folder.0.join("table.db")).unwrap();
    assert!(refused(&folder.0).starts_with("The data file"), "a folder where the file should be");
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_to_write_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let closed = folder.0.join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o555)).unwrap();
    // Permissions do not bind the superuser, for whom this folder is as good as any.
    if std::fs::write(closed.join("probe"), b"").is_err() {
        assert!(refused(&closed).contains("cannot be written to: permission denied"));
    } else {
        drop(Engine::open(&closed).unwrap());
    }
}
